//! Appends opaque entries durably to a Merkle log, proves and verifies.
