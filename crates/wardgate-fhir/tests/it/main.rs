//! The public face of de-identification of FHIR, tested from outside.

#[cfg(test)]
mod corpora;
#[cfg(test)]
mod limits;
mod namesakes;
#[cfg(test)]
mod profiles;
#[cfg(test)]
mod references;
#[cfg(test)]
mod residues;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod spellings;
#[cfg(test)]
mod ward;
