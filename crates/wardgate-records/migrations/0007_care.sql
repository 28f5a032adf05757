-- Who cares for whom, and emergency access. One text for SQLite and PostgreSQL, as before.

-- `id` is a keyed digest of the care team's reference; `sealed` is the FHIR CareTeam under its
-- patient's key.
CREATE TABLE care_teams (
    id TEXT PRIMARY KEY,
    patient TEXT NOT NULL REFERENCES patients (handle),
    version BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    sealed BLOB NOT NULL
);
CREATE INDEX care_teams_patient ON care_teams (patient);
CREATE INDEX care_teams_changed ON care_teams (changed);

-- An emergency access is open from `opened_at` until `ends_at` or its review, whichever is first.
-- `patient` is null when nobody on file was meant: the attempt is reviewed all the same.
-- `sealed` holds the reason in the person's words, under the patient's key.
CREATE TABLE break_glass (
    id TEXT PRIMARY KEY,
    changed BIGINT NOT NULL,
    person TEXT NOT NULL,
    patient TEXT,
    reason TEXT NOT NULL,
    sealed BLOB,
    opened_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    reviewed_by TEXT,
    reviewed_at BIGINT,
    verdict TEXT
);
CREATE INDEX break_glass_changed ON break_glass (changed);
