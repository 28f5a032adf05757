//! The ledger and the journal through their public face.

#[cfg(test)]
mod appends;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod journal;
#[cfg(test)]
mod layout;
#[cfg(test)]
mod log;
#[cfg(test)]
mod prune;
#[cfg(test)]
mod published;
#[cfg(test)]
mod reopen;
#[cfg(test)]
mod signatures;
