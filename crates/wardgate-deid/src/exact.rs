//! The exact layer: rules with validators and context.

pub(crate) mod date;
