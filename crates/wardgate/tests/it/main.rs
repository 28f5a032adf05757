//! The real binary on loopback, in front of a fake model.

#[cfg(test)]
mod anchors;
#[cfg(test)]
mod anonymize;
#[cfg(test)]
mod backup;
#[cfg(test)]
mod client;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod custody;
#[cfg(test)]
mod deid;
#[cfg(test)]
mod deid_eval;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod facts;
#[cfg(test)]
mod house;
#[cfg(test)]
mod key_provider;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod model;
#[cfg(test)]
mod pressure;
#[cfg(test)]
mod release;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod shutdown;
#[cfg(test)]
mod tampering;
#[cfg(test)]
mod vault;
#[cfg(test)]
mod withdrawal;
