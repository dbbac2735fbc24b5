CREATE TABLE users (
    id      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant  TEXT   NOT NULL,
    email   TEXT   NOT NULL,
    name    TEXT   NOT NULL,
    version BIGINT NOT NULL DEFAULT 1,
    UNIQUE (tenant, email)
);

CREATE INDEX users_by_tenant ON users (tenant, id);

-- No foreign key: what is written behind may arrive after its user has been deleted.
CREATE TABLE last_seen (
    user_id BIGINT PRIMARY KEY,
    at_ms   BIGINT NOT NULL
);

CREATE TABLE moves (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id     BIGINT NOT NULL,
    from_tenant TEXT   NOT NULL,
    to_tenant   TEXT   NOT NULL
);
