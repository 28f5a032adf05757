//! Anchors against parties outside, on loopback.

#[cfg(test)]
mod authority;
#[cfg(test)]
mod server;
#[cfg(test)]
mod timestamps;
