//! The key hierarchy: seals, opens, and destroys a patient's key.
