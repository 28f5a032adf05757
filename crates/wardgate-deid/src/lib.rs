//! Finds and transforms identifiers: bytes in, bytes and a report out.
