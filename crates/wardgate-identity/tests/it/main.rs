//! Tests of the public face of the crate.

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod enumeration;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod token_signer;
#[cfg(test)]
mod tokens;
