-- What others have changed: followers take it from here, invalidate it, and delete it.
CREATE TABLE cache_outbox (
    id          BIGINT      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        TEXT        NOT NULL CHECK (kind IN ('key', 'tag')),
    -- The key's text before its first placeholder, and the rest, with each placeholder percent-encoded.
    head        TEXT        NOT NULL,
    rest        TEXT        NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    -- Nobody takes it before then: the cache's store has not confirmed it.
    due         TIMESTAMPTZ NOT NULL DEFAULT '-infinity'
);

-- A text as it fills a placeholder of a key: all but the unreserved characters of a URL as %XX, byte by byte. An empty
-- text and NULL, which is `None`, have signs of their own.
CREATE FUNCTION cache_key_part(value TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN value IS NULL THEN '!' WHEN value = '' THEN '''''' ELSE string_agg(
        CASE
            WHEN byte BETWEEN 48 AND 57 OR byte BETWEEN 65 AND 90 OR byte BETWEEN 97 AND 122
                OR byte IN (45, 46, 95, 126) -- - . _ ~
            THEN chr(byte)
            ELSE '%' || upper(lpad(to_hex(byte), 2, '0'))
        END, '' ORDER BY at) END
    FROM (
        SELECT at, get_byte(bytes, at) AS byte
        FROM (SELECT convert_to(value, 'UTF8') AS bytes) AS encoded, generate_series(0, length(bytes) - 1) AS at
    ) AS each_byte
$$;

-- What a change of a user makes stale: its own key, and the tag of the tenant's pages.
CREATE FUNCTION changes_of_user(tenant TEXT, id BIGINT) RETURNS TABLE (kind TEXT, head TEXT, rest TEXT)
LANGUAGE sql IMMUTABLE SET search_path FROM CURRENT AS $$
    VALUES ('key', 'user:', cache_key_part(tenant) || ':' || id), ('tag', 'tenant:', cache_key_part(tenant))
$$;

-- Once for each statement, so that a tag is recorded once, however many rows change. With the rights of its owner:
-- whoever may change users need not know of the outbox.
CREATE FUNCTION record_changed_users() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    CASE TG_OP
        WHEN 'INSERT' THEN
            INSERT INTO cache_outbox (kind, head, rest)
            SELECT DISTINCT change.* FROM after, changes_of_user(after.tenant, after.id) AS change;
        WHEN 'DELETE' THEN
            INSERT INTO cache_outbox (kind, head, rest)
            SELECT DISTINCT change.* FROM before, changes_of_user(before.tenant, before.id) AS change;
        WHEN 'UPDATE' THEN -- A user can have changed its tenant.
            INSERT INTO cache_outbox (kind, head, rest)
            SELECT DISTINCT change.*
            FROM (SELECT tenant, id FROM before UNION SELECT tenant, id FROM after) AS changed,
                changes_of_user(changed.tenant, changed.id) AS change;
        WHEN 'TRUNCATE' THEN
            INSERT INTO cache_outbox (kind, head, rest)
            SELECT DISTINCT change.* FROM users, changes_of_user(users.tenant, users.id) AS change;
    END CASE;
    RETURN NULL;
END
$$;

CREATE TRIGGER users_inserted AFTER INSERT ON users REFERENCING NEW TABLE AS after
FOR EACH STATEMENT EXECUTE FUNCTION record_changed_users();

CREATE TRIGGER users_updated AFTER UPDATE ON users REFERENCING OLD TABLE AS before NEW TABLE AS after
FOR EACH STATEMENT EXECUTE FUNCTION record_changed_users();

CREATE TRIGGER users_deleted AFTER DELETE ON users REFERENCING OLD TABLE AS before
FOR EACH STATEMENT EXECUTE FUNCTION record_changed_users();

-- Before: afterwards nobody knows which rows there were.
CREATE TRIGGER users_truncated BEFORE TRUNCATE ON users
FOR EACH STATEMENT EXECUTE FUNCTION record_changed_users();

-- Wakes the followers when the transaction commits. One that is not told looks every second.
CREATE FUNCTION notify_cache_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('cache_outbox', '');
    RETURN NULL;
END
$$;

CREATE TRIGGER cache_outbox_recorded AFTER INSERT ON cache_outbox
FOR EACH STATEMENT EXECUTE FUNCTION notify_cache_outbox();
