-- Consents with their versions, where they came from, and the queue of those that cannot be computed. One text for SQLite and PostgreSQL, as before.

-- How the version that is in force came in, and by whom: a person, an application, or the host's
-- operator, who has no id. `source` is what the version was taken from, under the patient's key.
ALTER TABLE consents ADD COLUMN how TEXT NOT NULL DEFAULT 'apply';
ALTER TABLE consents ADD COLUMN by_kind TEXT NOT NULL DEFAULT 'host';
ALTER TABLE consents ADD COLUMN by_id TEXT;
ALTER TABLE consents ADD COLUMN source BLOB;

-- Versions that were replaced, each under the patient's own key.
CREATE TABLE consent_versions (
    id TEXT NOT NULL,
    patient TEXT NOT NULL REFERENCES patients (handle),
    version BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    how TEXT NOT NULL,
    by_kind TEXT NOT NULL,
    by_id TEXT,
    source BLOB,
    sealed BLOB NOT NULL,
    PRIMARY KEY (id, version)
);
CREATE INDEX consent_versions_patient ON consent_versions (patient);

-- Of which version of a consent that cannot be computed somebody said that it never permits.
CREATE TABLE consent_settled (
    id TEXT PRIMARY KEY,
    patient TEXT NOT NULL REFERENCES patients (handle),
    version BIGINT NOT NULL,
    by_kind TEXT NOT NULL,
    by_id TEXT,
    settled_at BIGINT NOT NULL,
    changed BIGINT NOT NULL
);
CREATE INDEX consent_settled_patient ON consent_settled (patient);
