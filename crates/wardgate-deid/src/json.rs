//! A one-pass JSON scanner that builds no tree and changes no byte.
//!
//! [`scan`] walks a body once, checks it strictly against RFC 8259 and tells a
//! [`Visitor`] where each string, number, key and literal lies. Bodies that two
//! parsers could read differently are refused: duplicate keys (compared after
//! decoding), lone surrogates, invalid UTF-8, data after the value.

mod escape;
mod fault;
mod keys;
mod path;
mod scan;

pub(crate) use escape::decode;
pub use escape::{escape_into, unescape};
pub use fault::{JsonFault, JsonFaultKind};
pub use path::{Path, Segment};
pub use scan::{Limits, Visitor, scan};
