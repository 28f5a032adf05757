//! A rule in words, and purposes as the engine compares them.

use std::fmt::Write as _;

use super::rule::Rule;
use super::rule::{Actor, Code, DataLimit, Kind, Named, Period, Scope, Told, Wanted};
use super::{Coding, systems};
use crate::purpose::Purpose;

/// `rule`, `exception 2`, `exception 2.1`.
pub(super) fn name(place: &[usize]) -> String {
    if place.is_empty() {
        return "rule".to_owned();
    }
    let numbers: Vec<String> = place.iter().map(usize::to_string).collect();
    format!("exception {}", numbers.join("."))
}

/// What a rule lays down, without saying whose data it is about.
pub(super) fn words(kind: Option<Kind>, scope: &Scope) -> String {
    let mut words = match kind {
        Some(Kind::Permit) => "permits".to_owned(),
        Some(Kind::Deny) => "denies".to_owned(),
        None => "does not say whether it permits or denies".to_owned(),
    };
    tell(kind, scope, &mut words);
    words
}

/// Writing to a string does not fail.
fn tell(kind: Option<Kind>, scope: &Scope, words: &mut String) {
    match &scope.purposes {
        None => words.push_str(" every purpose"),
        Some(purposes) => push_list(words, " ", purposes.iter().map(purpose_word)),
    }
    match &scope.actors {
        None => words.push_str(", to everybody"),
        Some(actors) => push_list(words, ", to ", actors.iter().map(actor_word)),
    }
    if let Some(actions) = &scope.actions {
        push_list(words, ", for the action ", actions.iter().map(named_word));
    }
    if let Some(labels) = &scope.labels {
        let _ = labels.tell(kind, words);
    }
    if let Some(classes) = &scope.classes {
        push_list(words, ", data of class ", classes.iter().map(named_word));
    }
    if let Some(codes) = &scope.codes {
        push_list(words, ", data with code ", codes.iter().map(named_word));
    }
    if let Some(dates) = scope.dates {
        let _ = write!(words, ", data dated {}", between(dates));
    }
    if let Some(data) = &scope.data {
        push_list(words, ", ", data.iter().map(data_word));
    }
    if let Some(period) = scope.period {
        let _ = write!(words, ", {}", between(period));
    }
}

/// A stretch of time in words.
pub(super) fn between(period: Period) -> String {
    match period {
        Period::Always => "at any time".to_owned(),
        Period::Unreadable => "in a period that is not understood".to_owned(),
        Period::Between { from, until } => match (from, until) {
            (None, None) => "at any time".to_owned(),
            (Some(from), None) => format!("from {from} on"),
            (None, Some(until)) => format!("before {until}"),
            (Some(from), Some(until)) => format!("from {from} until before {until}"),
        },
    }
}

fn push_list(words: &mut String, before: &str, list: impl Iterator<Item = String>) {
    let mut list: Vec<String> = list.collect();
    let left_out = list.len().saturating_sub(LISTED_MAX);
    list.truncate(LISTED_MAX);
    words.push_str(before);
    words.push_str(&list.join(" or "));
    if left_out > 0 {
        let _ = write!(words, " or one of {left_out} more");
    }
}

fn purpose_word(wanted: &Wanted) -> String {
    match wanted {
        Wanted::Purpose(purpose) => format!("{purpose} ({})", purpose.words()),
        Wanted::Other(Code { code, .. }) => code.clone(),
        Wanted::Unclear(_) => "a purpose that is not understood".to_owned(),
    }
}

fn actor_word(actor: &Actor) -> String {
    match actor {
        Actor::One(reference) => reference.clone(),
        Actor::Member(group) => format!("members of {group}"),
        Actor::Unclear(_) => "somebody who cannot be told".to_owned(),
    }
}

fn named_word(named: &Named) -> String {
    match named {
        Named::Code(code) => code.code.clone(),
        Named::Unclear(_) => "a code that is not understood".to_owned(),
    }
}

fn data_word(data: &DataLimit) -> String {
    match data {
        DataLimit::Instance(to) => format!("{to} itself"),
        DataLimit::Related(to) => format!("{to} and what is related to it"),
        DataLimit::AuthoredBy(by) => format!("what {by} wrote"),
        DataLimit::Unclear(_) => "data that is not understood".to_owned(),
    }
}

/// A purpose as it is compared. The purposes of AI keep their meaning in every code system.
pub(super) fn purpose(coding: Coding<'_>) -> Wanted {
    let known = coding.code.parse::<Purpose>().ok();
    let system = systems::known(coding.system);
    match known {
        Some(purpose) if purpose.system() == system || purpose.system() == Purpose::AI_SYSTEM => {
            Wanted::Purpose(purpose)
        }
        // A code that is not known here may contain the purpose asked, or be a part of it.
        _ if [systems::ACT_REASON, Purpose::AI_SYSTEM].contains(&system) => {
            Wanted::Unclear("a purpose has a code that its system does not define")
        }
        _ => Wanted::Other(Code {
            system: system.to_owned(),
            code: coding.code.to_owned(),
        }),
    }
}

impl Rule {
    /// A rule about everything.
    pub(super) fn bare(kind: Option<Kind>) -> Self {
        let scope = Scope::default();
        let told = Told {
            name: "policy rule".to_owned(),
            words: words(kind, &scope),
        };
        Self {
            kind,
            scope,
            exceptions: Vec::new(),
            told: std::sync::Arc::new(told),
        }
    }

    /// Takes the period out of this rule and of those that inherited it.
    pub(super) fn forget_period(&mut self) {
        let forgotten = self.scope.period.take();
        if let Some(forgotten) = forgotten {
            for exception in &mut self.exceptions {
                if exception.scope.period == Some(forgotten) {
                    exception.forget_period();
                }
            }
        }
        let told = Told {
            name: self.told.name.clone(),
            words: words(self.kind, &self.scope),
        };
        self.told = std::sync::Arc::new(told);
    }

    /// The first part of it that cannot be computed whatever is asked.
    pub(super) fn unclear(&self) -> Option<&'static str> {
        let scope = &self.scope;
        let actors = scope.actors.iter().flat_map(|all| all.iter());
        let purposes = scope.purposes.iter().flat_map(|all| all.iter());
        let named = [&scope.actions, &scope.classes, &scope.codes];
        let named = named.into_iter().flatten().flat_map(|all| all.iter());
        let data = scope.data.iter().flat_map(|all| all.iter());
        let periods = [scope.period, scope.dates].into_iter().flatten();
        None.or_else(|| self.kind.is_none().then_some(UNTYPED))
            .or_else(|| {
                actors.into_iter().find_map(|actor| match actor {
                    Actor::Unclear(why) => Some(*why),
                    Actor::One(_) | Actor::Member(_) => None,
                })
            })
            .or_else(|| {
                purposes.into_iter().find_map(|purpose| match purpose {
                    Wanted::Unclear(why) => Some(*why),
                    Wanted::Purpose(_) | Wanted::Other(_) => None,
                })
            })
            .or_else(|| {
                named.into_iter().find_map(|named| match named {
                    Named::Unclear(why) => Some(*why),
                    Named::Code(_) => None,
                })
            })
            .or_else(|| {
                data.into_iter().find_map(|data| match data {
                    DataLimit::Unclear(why) => Some(*why),
                    _ => None,
                })
            })
            .or_else(|| scope.labels.as_ref().and_then(|labels| labels.unclear()))
            .or_else(|| {
                periods
                    .into_iter()
                    .any(|period| period == Period::Unreadable)
                    .then_some("a period in it is not understood")
            })
            .or_else(|| self.exceptions.iter().find_map(Self::unclear))
    }
}

/// Of an element with many entries, so many are told.
const LISTED_MAX: usize = 12;
pub(super) const UNTYPED: &str = "it does not say whether it permits or denies";
