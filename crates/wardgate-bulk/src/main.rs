//! De-identifies whole folders of records.
fn main() {}
