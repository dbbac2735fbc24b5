CREATE TABLE users (
    -- AUTOINCREMENT: the id of a deleted user is never given to another one.
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant  TEXT    NOT NULL,
    email   TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    UNIQUE (tenant, email)
);

CREATE INDEX users_by_tenant ON users (tenant, id);

-- No foreign key: what is written behind may arrive after its user has been deleted.
CREATE TABLE last_seen (
    user_id INTEGER PRIMARY KEY,
    at_ms   INTEGER NOT NULL
);

CREATE TABLE moves (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id     INTEGER NOT NULL,
    from_tenant TEXT    NOT NULL,
    to_tenant   TEXT    NOT NULL
);
