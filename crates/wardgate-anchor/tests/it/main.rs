//! Anchors against parties outside, on loopback.

#[cfg(test)]
mod anchored;
#[cfg(test)]
mod authority;
#[cfg(test)]
mod bucket;
#[cfg(test)]
mod copies;
#[cfg(test)]
mod log;
#[cfg(test)]
mod server;
#[cfg(test)]
mod timestamps;
#[cfg(test)]
mod witnesses;
