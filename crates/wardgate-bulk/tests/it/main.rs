//! The real binary.

#[cfg(test)]
mod folder;
