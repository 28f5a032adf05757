-- People and groups that a directory provisions. One text for SQLite and PostgreSQL, as before.
-- `user_name`, `external_id` and `display_name` are keyed digests by which a row is found; what they
-- stand for is in `sealed`, with names and addresses.

-- `user_name` and `sealed` are null once the directory removed the person: the row stays, so that
-- the person's id is never given to somebody else.
CREATE TABLE directory_users (
    person TEXT PRIMARY KEY,
    user_name BLOB UNIQUE,
    external_id BLOB UNIQUE,
    source TEXT NOT NULL,
    version BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    sealed BLOB
);

CREATE TABLE directory_groups (
    id TEXT PRIMARY KEY,
    display_name BLOB NOT NULL UNIQUE,
    external_id BLOB UNIQUE,
    source TEXT NOT NULL,
    version BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    sealed BLOB NOT NULL
);

CREATE TABLE directory_members (
    group_id TEXT NOT NULL REFERENCES directory_groups (id) ON DELETE CASCADE,
    person TEXT NOT NULL REFERENCES directory_users (person),
    PRIMARY KEY (group_id, person)
);
CREATE INDEX directory_members_person ON directory_members (person);

-- The ids of logout tokens of providers of identity, as keyed digests, while they could be shown again.
CREATE TABLE logout_tokens (
    mac BLOB PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX logout_tokens_expiry ON logout_tokens (expires_at);
