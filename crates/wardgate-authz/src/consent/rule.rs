//! A consent's rules, in the form in which they are asked.

use std::sync::Arc;

use jiff::Timestamp;

use super::instant::Stretch;
use super::labels::LabelLimit;
use crate::purpose::Purpose;

/// One provision with what it inherits, and its exceptions.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    /// `None` when it does not say.
    pub(super) kind: Option<Kind>,
    pub(super) scope: Scope,
    pub(super) exceptions: Vec<Rule>,
    pub(super) told: Arc<Told>,
}

/// How a rule is spoken of.
#[derive(Debug)]
pub(super) struct Told {
    /// `rule`, `exception 2` or `exception 2.1`.
    pub(super) name: String,
    /// What it lays down, in words.
    pub(super) words: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Permit,
    Deny,
}

/// To what a rule applies. A kind that is not stated does not limit; the kinds are shared with
/// the exceptions that inherit them.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    pub(super) period: Option<Period>,
    pub(super) actors: Option<Arc<[Actor]>>,
    pub(super) purposes: Option<Arc<[Wanted]>>,
    pub(super) actions: Option<Arc<[Named]>>,
    pub(super) labels: Option<Arc<LabelLimit>>,
    pub(super) classes: Option<Arc<[Named]>>,
    pub(super) codes: Option<Arc<[Named]>>,
    pub(super) dates: Option<Period>,
    pub(super) data: Option<Arc<[DataLimit]>>,
}

/// Who receives.
#[derive(Clone, Debug)]
pub(super) enum Actor {
    /// Somebody by reference.
    One(String),
    /// Whoever belongs to a group, care team or role.
    Member(String),
    Unclear(&'static str),
}

/// For what.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    Purpose(Purpose),
    /// A purpose of another code system, which only equals itself.
    Other(Code),
    Unclear(&'static str),
}

/// A code that has to be met exactly.
#[derive(Clone, Debug)]
pub(super) enum Named {
    Code(Code),
    Unclear(&'static str),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) system: String,
    pub(super) code: String,
}

/// Certain data.
#[derive(Clone, Debug)]
pub(super) enum DataLimit {
    /// This resource.
    Instance(String),
    /// This resource and what refers to it or is referred to by it.
    Related(String),
    /// What somebody wrote.
    AuthoredBy(String),
    Unclear(&'static str),
}

/// A stretch of time with both ends, one or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Period {
    Always,
    Between {
        from: Option<Timestamp>,
        until: Option<Timestamp>,
    },
    Unreadable,
}

impl Period {
    /// Whether it lies ahead, is over, or holds now; `None` when it cannot be read.
    pub(super) fn now(self, now: Timestamp) -> Option<std::cmp::Ordering> {
        use std::cmp::Ordering::{Equal, Greater, Less};
        match self {
            Self::Always => Some(Equal),
            Self::Unreadable => None,
            Self::Between { from, until } => Some(if from.is_some_and(|from| now < from) {
                Greater
            } else if until.is_some_and(|until| until <= now) {
                Less
            } else {
                Equal
            }),
        }
    }

    /// Whether all of a stretch lies within; `None` when only a part does, or it cannot be read.
    pub(super) fn holds(self, stretch: Stretch) -> Option<bool> {
        match self {
            Self::Always => Some(true),
            Self::Unreadable => None,
            Self::Between { from, until } => {
                let starts_in = from.is_none_or(|from| from <= stretch.from);
                let ends_in = until.is_none_or(|until| stretch.until <= until);
                let apart = from.is_some_and(|from| stretch.until <= from)
                    || until.is_some_and(|until| until <= stretch.from);
                match (starts_in && ends_in, apart) {
                    (true, _) => Some(true),
                    (false, true) => Some(false),
                    (false, false) => None,
                }
            }
        }
    }
}
