//! Asks one consent: the deepest rule that applies speaks, and where none does the root may forbid.

use std::sync::Arc;

use super::asked::{Item, Use};
use super::fit::Fit;
use super::parse::Consent;
use super::rule::{Kind, Rule, Told};
use super::tell::UNTYPED;

/// What one consent says about one use of one piece of data.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// It is about other actors, purposes or data.
    Silent(&'static str),
    /// A rule of it permits.
    Permit(Arc<Told>),
    /// A rule of it denies.
    Deny(Arc<Told>),
    /// It permits this use, but of other data only.
    Outside(Arc<Told>),
    /// It cannot be computed, which must never count as a permit.
    NotComputable(&'static str),
}

impl Answer {
    pub(super) fn permits(&self) -> bool {
        matches!(self, Self::Permit(_))
    }

    pub(super) fn refuses(&self) -> bool {
        matches!(
            self,
            Self::Deny(_) | Self::Outside(_) | Self::NotComputable(_)
        )
    }
}

pub(super) fn evaluate(consent: &Consent, asked: &Use<'_>, item: &Item<'_>) -> Answer {
    let root = match &consent.rule {
        Ok(rule) => rule,
        Err(why) => return Answer::NotComputable(why),
    };
    if let Some(spoken) = speak(root, asked, item) {
        return spoken;
    }
    match (asked.fits(&root.scope), root.kind) {
        (Fit::No, _) => Answer::Silent("it is about other recipients, purposes or times"),
        (_, None) => Answer::NotComputable(UNTYPED),
        (Fit::Unsure(why), Some(Kind::Permit)) => Answer::NotComputable(why),
        (Fit::Yes, Some(Kind::Permit)) => Answer::Outside(Arc::clone(&root.told)),
        (_, Some(Kind::Deny)) => Answer::Silent("it denies other data"),
    }
}

/// What the deepest rule says that applies: an exception before the rule that it is an exception
/// to, and of several exceptions the one that denies.
fn speak(rule: &Rule, asked: &Use<'_>, item: &Item<'_>) -> Option<Answer> {
    let exception = rule
        .exceptions
        .iter()
        .filter_map(|exception| speak(exception, asked, item))
        .max_by_key(|answer| match answer {
            Answer::Deny(_) | Answer::Outside(_) => 2,
            Answer::NotComputable(_) => 1,
            Answer::Permit(_) | Answer::Silent(_) => 0,
        });
    exception.or_else(|| alone(rule, asked, item))
}

/// What a rule says without its exceptions.
fn alone(rule: &Rule, asked: &Use<'_>, item: &Item<'_>) -> Option<Answer> {
    let reach = |kind| item.fits(&rule.scope, kind, asked);
    let fit = asked.fits(&rule.scope).and(|| match rule.kind {
        Some(kind) => reach(kind),
        None => reach(Kind::Permit).or(|| reach(Kind::Deny)),
    });
    match (fit, rule.kind) {
        (Fit::No, _) => None,
        (Fit::Unsure(why), _) => Some(Answer::NotComputable(why)),
        (Fit::Yes, Some(Kind::Permit)) => Some(Answer::Permit(Arc::clone(&rule.told))),
        (Fit::Yes, Some(Kind::Deny)) => Some(Answer::Deny(Arc::clone(&rule.told))),
        (Fit::Yes, None) => Some(Answer::NotComputable(UNTYPED)),
    }
}
