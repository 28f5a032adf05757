//! The store as its users meet it: a real database file in a folder of each test's own.

#[cfg(test)]
mod apply;
#[cfg(test)]
mod care;
#[cfg(test)]
mod clients;
#[cfg(test)]
mod consents;
#[cfg(test)]
mod custody;
#[cfg(test)]
mod database;
#[cfg(test)]
mod datasets;
#[cfg(test)]
mod directory;
#[cfg(test)]
mod facts;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod foresight;
#[cfg(test)]
mod hospital;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod payloads;
#[cfg(test)]
mod people;
#[cfg(test)]
mod proposals;
#[cfg(test)]
mod rekey;
#[cfg(test)]
mod shred;
