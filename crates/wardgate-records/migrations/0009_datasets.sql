-- Data sets that left, and privacy budgets. One text for SQLite and PostgreSQL, as before.

-- `manifest` is the SHA-256 of the manifest, by which a system's record cites its training data.
CREATE TABLE datasets (
    id TEXT PRIMARY KEY,
    changed BIGINT NOT NULL,
    name TEXT NOT NULL,
    manifest TEXT NOT NULL UNIQUE,
    event TEXT NOT NULL,
    released_by TEXT NOT NULL,
    released_at BIGINT NOT NULL
);
CREATE INDEX datasets_changed ON datasets (changed);

-- Amounts are trillionths of the accounting's unit. `accounting` is JSON.
CREATE TABLE budgets (
    name TEXT PRIMARY KEY,
    changed BIGINT NOT NULL,
    accounting TEXT NOT NULL,
    spending_max BIGINT NOT NULL,
    spent BIGINT NOT NULL,
    spendings BIGINT NOT NULL,
    opened_by TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    CHECK (spent >= 0 AND spent <= spending_max)
);
CREATE INDEX budgets_changed ON budgets (changed);
