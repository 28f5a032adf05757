//! The public face of de-identification, tested from outside.

#[cfg(test)]
mod exact;
#[cfg(test)]
mod families;
#[cfg(test)]
mod hidden;
#[cfg(test)]
mod json;
#[cfg(test)]
mod known;
mod layers;
#[cfg(test)]
#[cfg(feature = "neural")]
mod neural;
#[cfg(test)]
mod profiles;
#[cfg(test)]
mod residue;
#[cfg(test)]
mod restore;
#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod surrogates;
