//! Decisions through the public face: one example hospital, one fact flipped at a time.

#[cfg(test)]
mod consent_cases;
#[cfg(test)]
mod consent_examples;
#[cfg(test)]
mod consent_property;
#[cfg(test)]
mod consents;
#[cfg(test)]
mod emergencies;
#[cfg(test)]
mod facts;
#[cfg(test)]
mod foresight;
#[cfg(test)]
mod hospital;
#[cfg(test)]
mod naive;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod policy_files;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod remembered;
#[cfg(test)]
mod table;
