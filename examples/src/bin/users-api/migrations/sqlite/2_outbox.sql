-- What others have changed: followers take it from here, invalidate it, and delete it.
CREATE TABLE cache_outbox (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    kind        TEXT    NOT NULL CHECK (kind IN ('key', 'tag')),
    -- The key's text before its first placeholder, and the rest, with each placeholder percent-encoded.
    head        TEXT    NOT NULL,
    rest        TEXT    NOT NULL,
    recorded_ms INTEGER NOT NULL DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),
    -- Nobody takes it before then: a follower has it, or the cache's store has not confirmed it.
    due_ms      INTEGER NOT NULL DEFAULT 0
);

-- A procedure, which SQLite has no other form for: whoever inserts a user into this view records the user's key and the
-- tenant's tag. It is plain SQL, so that it works in every program that opens the file.
CREATE VIEW changed_users (tenant, id) AS SELECT NULL, NULL WHERE 0;

CREATE TRIGGER changed_users_recorded INSTEAD OF INSERT ON changed_users
BEGIN
    INSERT INTO cache_outbox (kind, head, rest)
    -- The bytes of the tenant, one after the other: all but the unreserved characters of a URL as %XX. An empty text is two
    -- quotes.
    WITH RECURSIVE part (bytes, at, done) AS (
        SELECT CAST(NEW.tenant AS BLOB), 1, iif(NEW.tenant = '', '''''', '')
        UNION ALL
        SELECT bytes, at + 1, done || CASE
            WHEN CAST(substr(bytes, at, 1) AS TEXT) GLOB '[-A-Za-z0-9._~]' THEN CAST(substr(bytes, at, 1) AS TEXT)
            ELSE '%' || hex(substr(bytes, at, 1))
        END
        FROM part WHERE at <= length(bytes)
    )
    SELECT 'key', 'user:', done || ':' || NEW.id FROM part WHERE at > length(bytes)
    UNION ALL
    SELECT 'tag', 'tenant:', done FROM part WHERE at > length(bytes);
END;

CREATE TRIGGER users_inserted AFTER INSERT ON users
BEGIN
    INSERT INTO changed_users VALUES (NEW.tenant, NEW.id);
END;

-- A user can have changed its tenant.
CREATE TRIGGER users_updated AFTER UPDATE ON users
BEGIN
    INSERT INTO changed_users SELECT OLD.tenant, OLD.id UNION SELECT NEW.tenant, NEW.id;
END;

CREATE TRIGGER users_deleted AFTER DELETE ON users
BEGIN
    INSERT INTO changed_users VALUES (OLD.tenant, OLD.id);
END;

-- `INSERT OR REPLACE` and `UPDATE OR REPLACE` delete the rows that are in their way without a DELETE trigger.
CREATE TRIGGER users_replaced_by_insert BEFORE INSERT ON users
BEGIN
    INSERT INTO changed_users
    SELECT tenant, id FROM users WHERE id = NEW.id OR (tenant = NEW.tenant AND email = NEW.email);
END;

CREATE TRIGGER users_replaced_by_update BEFORE UPDATE ON users
BEGIN
    INSERT INTO changed_users
    SELECT tenant, id FROM users
    WHERE id <> OLD.id AND (id = NEW.id OR (tenant = NEW.tenant AND email = NEW.email));
END;
