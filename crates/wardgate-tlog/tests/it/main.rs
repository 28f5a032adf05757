//! The formats against what others wrote: their code, their vectors, their keys.

#[cfg(test)]
mod notes;
#[cfg(test)]
mod trees;
#[cfg(test)]
mod vectors;
