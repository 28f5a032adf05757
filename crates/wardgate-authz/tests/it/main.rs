//! Decisions through the public face: one example hospital, one fact flipped at a time.

#[cfg(test)]
mod hospital;
#[cfg(test)]
mod refusals;
