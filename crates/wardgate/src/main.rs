//! The binary: commands, configuration and wiring.
fn main() {}
