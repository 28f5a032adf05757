//! The public face of tables, tested from outside.

#[cfg(test)]
mod files;
