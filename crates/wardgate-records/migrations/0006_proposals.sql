-- Changes that a second person approves, and the versions of the policies. One text for SQLite and PostgreSQL, as before.

-- `base` is the version that the change starts from; `sealed` says why, in the proposer's words.
CREATE TABLE proposals (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('policy', 'vendor')),
    target TEXT,
    base BIGINT NOT NULL,
    body TEXT NOT NULL,
    proposed_by TEXT NOT NULL,
    proposed_at BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'approved', 'rejected', 'withdrawn', 'stale')),
    decided_by TEXT,
    decided_at BIGINT,
    version BIGINT,
    sealed BLOB NOT NULL,
    changed BIGINT NOT NULL
);
CREATE INDEX proposals_state ON proposals (state, id);

-- Every set of policies that was ever in force, with its whole text. `built_in` says that it was
-- the program's own set and no file of the hospital's was on record.
CREATE TABLE policy_versions (
    version BIGINT PRIMARY KEY,
    hash BLOB NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('build', 'files', 'proposal', 'rollback')),
    built_in BIGINT NOT NULL,
    files TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    proposal TEXT,
    proposed_by TEXT,
    approved_by TEXT,
    rollback_of BIGINT,
    reviewed_by TEXT,
    reviewed_at BIGINT
);
