//! Messages and documents through the public face.

#[cfg(test)]
mod corpora;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod strangers;
