//! Attacks and measures a model through a Target and returns a report.
