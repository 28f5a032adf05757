//! What the crate promises, over files made here and, where they lie beside the repository, over public ones.

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod encodings;
#[cfg(test)]
mod large;
#[cfg(test)]
mod made;
#[cfg(test)]
mod mutations;
#[cfg(test)]
mod profile;
#[cfg(test)]
mod scene;
