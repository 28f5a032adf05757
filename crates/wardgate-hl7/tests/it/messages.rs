//! Messages of our own: each place where HL7 v2 hides an identifier.
