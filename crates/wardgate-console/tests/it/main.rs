//! The console over a real store and a real ledger.

#[cfg(test)]
mod pages;
