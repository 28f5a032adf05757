//! Pages, the admin API and health endpoints over records and ledger.
