//! The public face of tables, tested from outside.

#[cfg(test)]
mod corpora;
#[cfg(test)]
mod files;
#[cfg(test)]
mod poisoning;
#[cfg(test)]
mod private;
