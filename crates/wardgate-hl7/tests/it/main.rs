//! Messages and documents through the public face.

mod corpora;
mod messages;
mod scene;
