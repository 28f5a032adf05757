-- People who sign in: accounts, ways to sign in, sessions, links to enrol with. One text for SQLite and PostgreSQL, as before.
-- A `mac` is a keyed digest: what it stands for (a token, a code, the id of a passkey) is nowhere at rest.

-- `user_handle` is random: what an authenticator keeps of a person.
CREATE TABLE accounts (
    person TEXT PRIMARY KEY,
    user_handle BLOB NOT NULL UNIQUE,
    changed BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

-- `sealed` holds the label and the secret. `used_at` is rounded to the hour; `used_step` is the
-- last step of a one-time code that was taken.
CREATE TABLE credentials (
    id TEXT PRIMARY KEY,
    person TEXT NOT NULL REFERENCES accounts (person),
    kind TEXT NOT NULL,
    mac BLOB UNIQUE,
    sealed BLOB NOT NULL,
    changed BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT,
    used_step BIGINT
);
CREATE INDEX credentials_person ON credentials (person);

CREATE TABLE recovery_codes (
    mac BLOB PRIMARY KEY,
    credential TEXT NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    used_at BIGINT
);
CREATE INDEX recovery_codes_credential ON recovery_codes (credential);

-- `sealed` says what browser it is, in words that its owner reads. `provider` and `subject` are
-- keyed digests of what a provider of identity calls the session and its owner.
CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    mac BLOB NOT NULL UNIQUE,
    person TEXT NOT NULL,
    kind TEXT NOT NULL,
    mfa_level BIGINT NOT NULL,
    proven_at BIGINT NOT NULL,
    roles TEXT,
    started_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    provider BLOB,
    subject BLOB,
    sealed BLOB NOT NULL
);
CREATE INDEX sessions_person ON sessions (person);
CREATE INDEX sessions_provider ON sessions (provider);
CREATE INDEX sessions_subject ON sessions (subject);

CREATE TABLE enrolment_links (
    mac BLOB PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    person TEXT NOT NULL UNIQUE,
    purpose TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- The half of a ceremony that the other side must finish: taken once, or never.
CREATE TABLE challenges (
    mac BLOB PRIMARY KEY,
    kind TEXT NOT NULL,
    sealed BLOB NOT NULL,
    made_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX challenges_expires ON challenges (expires_at);

CREATE TABLE known_devices (
    mac BLOB PRIMARY KEY,
    person TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX known_devices_person ON known_devices (person);
