-- One text for SQLite and PostgreSQL: BIGINT for numbers and for times in microseconds since 1970,
-- TEXT for ids and JSON, BLOB for sealed bytes and keyed digests (BYTEA there).

-- Every change of anything below takes the next value, in the same transaction.
CREATE TABLE change_sequence (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    value BIGINT NOT NULL
);
INSERT INTO change_sequence (id, value) VALUES (1, 0);

-- Vendors, systems, apps, people, flows, policy files and settings. `body` is public JSON,
-- `sealed` what is secret in the record.
CREATE TABLE records (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    version BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    sealed BLOB,
    PRIMARY KEY (kind, id)
);
CREATE INDEX records_changed ON records (changed);

-- What a record refers to must exist.
CREATE TABLE record_links (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    to_kind TEXT NOT NULL,
    to_id TEXT NOT NULL,
    PRIMARY KEY (kind, id, to_kind, to_id),
    FOREIGN KEY (kind, id) REFERENCES records (kind, id),
    FOREIGN KEY (to_kind, to_id) REFERENCES records (kind, id)
);

-- `sealed` is the FHIR Patient under the patient's own key; null once that key is destroyed.
CREATE TABLE patients (
    handle TEXT PRIMARY KEY,
    version BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    shredded_at BIGINT,
    sealed BLOB
);
CREATE INDEX patients_changed ON patients (changed);

-- `blind` is a keyed digest of a reference or identifier.
CREATE TABLE patient_index (
    blind BLOB NOT NULL,
    patient TEXT NOT NULL REFERENCES patients (handle),
    PRIMARY KEY (blind, patient)
);
CREATE INDEX patient_index_patient ON patient_index (patient);

-- `id` is a keyed digest of the consent's reference: the reference itself may identify.
CREATE TABLE consents (
    id TEXT PRIMARY KEY,
    patient TEXT NOT NULL REFERENCES patients (handle),
    version BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    sealed BLOB NOT NULL
);
CREATE INDEX consents_patient ON consents (patient);
CREATE INDEX consents_changed ON consents (changed);

CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    mac BLOB NOT NULL UNIQUE,
    app TEXT NOT NULL,
    person TEXT,
    environment TEXT NOT NULL,
    changed BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    systems TEXT NOT NULL,
    purposes TEXT NOT NULL
);
CREATE INDEX api_keys_app ON api_keys (app);
CREATE INDEX api_keys_changed ON api_keys (changed);

-- Ledger leaves that were written with the change they tell of, until the ledger has them.
CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    changed BIGINT NOT NULL,
    ordinal BIGINT NOT NULL,
    leaf BLOB NOT NULL,
    ledger_index BIGINT
);
CREATE INDEX outbox_order ON outbox (changed, ordinal);
