//! What the crate promises, over files made here and, where they lie beside the repository, over public ones.

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod scene;
