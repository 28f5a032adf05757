//! The public face of tables, tested from outside.

#[cfg(test)]
mod adult;
#[cfg(test)]
mod corpora;
#[cfg(test)]
mod files;
#[cfg(test)]
mod optimum;
#[cfg(test)]
mod poisoning;
#[cfg(test)]
mod private;
#[cfg(test)]
mod releases;
#[cfg(test)]
mod streaming;
#[cfg(test)]
mod suggestions;
