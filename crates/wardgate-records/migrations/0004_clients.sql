-- The ids of tokens that applications used to prove who they are. One text for SQLite and PostgreSQL, as before.
-- A row stays until its token has expired: whoever presents the token again is refused, after a
-- restart and by every process. The id is a keyed digest, since a client may put anything into it.
CREATE TABLE used_tokens (
    digest BLOB NOT NULL PRIMARY KEY,
    app TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX used_tokens_by_expiry ON used_tokens (expires_at);
