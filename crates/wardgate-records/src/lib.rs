//! The store of governance records, and the facts they turn into.
