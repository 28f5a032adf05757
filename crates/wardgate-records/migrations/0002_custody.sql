-- What must be kept, for how long, and what was destroyed. One text for SQLite and PostgreSQL, as before.

-- Legal holds. A patient's hold names the random handle; a hold on a time has both its ends.
CREATE TABLE holds (
    id TEXT PRIMARY KEY,
    scope TEXT NOT NULL CHECK (scope IN ('all', 'patient', 'range')),
    patient TEXT REFERENCES patients (handle),
    from_at BIGINT,
    to_at BIGINT,
    reason TEXT NOT NULL,
    placed_by TEXT NOT NULL,
    placed_at BIGINT NOT NULL,
    released_by TEXT,
    released_at BIGINT,
    changed BIGINT NOT NULL
);
CREATE INDEX holds_patient ON holds (patient);

-- How long a class of data is kept; without a row, for ever.
CREATE TABLE retention (
    class TEXT PRIMARY KEY,
    days BIGINT NOT NULL,
    set_by TEXT NOT NULL,
    set_at BIGINT NOT NULL,
    changed BIGINT NOT NULL
);

-- Directories that hold copies of the wrapped patient keys, and until when.
CREATE TABLE key_sets (
    id TEXT PRIMARY KEY,
    dir TEXT NOT NULL UNIQUE,
    made_at BIGINT NOT NULL,
    keep_until BIGINT NOT NULL,
    changed BIGINT NOT NULL
);

-- What was stated of a destroyed key, and the event that the ledger has of it.
CREATE TABLE shreddings (
    patient TEXT PRIMARY KEY REFERENCES patients (handle),
    event TEXT NOT NULL,
    statement BLOB NOT NULL,
    changed BIGINT NOT NULL
);
