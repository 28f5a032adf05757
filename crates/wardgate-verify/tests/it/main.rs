//! The program from the outside.

#[cfg(test)]
mod log;
#[cfg(test)]
mod program;
