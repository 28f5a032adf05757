//! What every kind of event holds: the one definition behind the reference page, the JSON Schema
//! and the tests that hold the leaves of this program against it.

mod break_glass;
mod calls;
mod custody;
mod datasets;
mod identity;
mod log;
mod people;
mod proposals;
mod records;
mod schema;

use super::{EventKind, SCHEMA_VERSION};

pub use schema::json_schema;

/// One kind of event.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct KindEntry {
    /// The kind.
    pub kind: EventKind,
    /// When it is written, as one sentence.
    pub meaning: &'static str,
    /// What `data` holds, in the order of the leaf.
    pub members: &'static [Member],
}

impl KindEntry {
    /// The newest version of the schema that a leaf of this kind may state.
    #[must_use]
    pub fn newest(&self) -> u64 {
        let members = self.members.iter().filter_map(|member| member.since);
        members.max().unwrap_or_else(|| self.kind.since())
    }
}

/// One member of an object.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Member {
    /// Its name.
    pub name: &'static str,
    /// What it may hold.
    pub form: Form,
    /// Whether it may be absent.
    pub optional: bool,
    /// The version of the schema that added it, when that is later than its kind.
    pub since: Option<u64>,
    /// What it says.
    pub meaning: &'static str,
}

/// What a member may hold. There is no form for free text.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Form {
    /// A [`Token`](super::Token): one word of configuration or code.
    Token,
    /// Words of the records parted by single spaces, such as the codes of a set.
    Words,
    /// A time in UTC, as RFC 3339 writes it.
    Time,
    /// A UUID.
    Id,
    /// 32 bytes in lower-case hexadecimal.
    Digest,
    /// The random handle of a patient: 16 bytes in lower-case hexadecimal.
    Patient,
    /// A whole number from 0 to 2^53 - 1, in a unit; larger counts saturate there.
    Integer(&'static str),
    /// `true` or `false`.
    Boolean,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Any number of the same.
    List(&'static Form),
    /// An object with these members.
    Object(&'static [Member]),
}

/// Every kind, in the order of [`EventKind::ALL`].
#[must_use]
pub fn catalogue() -> Vec<KindEntry> {
    let parts = [
        calls::KINDS,
        records::KINDS,
        log::KINDS,
        custody::KINDS,
        people::KINDS,
        identity::KINDS,
        proposals::KINDS,
        break_glass::KINDS,
        datasets::KINDS,
    ];
    let mut kinds: Vec<KindEntry> = parts.into_iter().flatten().copied().collect();
    kinds.sort_by_key(|entry| EventKind::ALL.iter().position(|kind| *kind == entry.kind));
    kinds
}

const fn required(name: &'static str, form: Form, meaning: &'static str) -> Member {
    Member {
        name,
        form,
        optional: false,
        since: None,
        meaning,
    }
}

const fn optional(name: &'static str, form: Form, meaning: &'static str) -> Member {
    Member {
        optional: true,
        ..required(name, form, meaning)
    }
}

/// An optional member that a later version of the schema added.
const fn added(version: u64, name: &'static str, form: Form, meaning: &'static str) -> Member {
    assert!(version <= SCHEMA_VERSION, "a version that exists");
    Member {
        since: Some(version),
        ..optional(name, form, meaning)
    }
}

const TOKENS: Form = Form::List(&Form::Token);
const PERSON: Member = optional("person", Form::Token, "Who ordered it.");

#[cfg(test)]
pub(super) mod tests;
