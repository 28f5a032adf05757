//! A question and one piece of data, worked out for comparison, and how a rule's scope fits them.

use jiff::Timestamp;

use super::domain::{ConsentDomain, Groups};
use super::fit::Fit;
use super::instant::Stretch;
use super::labels::{LabelLimit, Marks};
use super::rule::{Actor, DataLimit, Kind, Named, Period, Scope, Wanted};
use super::{Coding, Data, Question, systems, tell};
use crate::purpose::Purpose;

/// The use: who, for what, how, and when.
pub(super) struct Use<'a> {
    actors: &'a [&'a str],
    actions: &'a [&'a str],
    groups: &'a Groups,
    purpose: Wanted,
    /// The purpose and all that it is a part of.
    lineage: Vec<Purpose>,
    /// Only rules that name purposes are about it.
    when_named: bool,
    now: Timestamp,
}

impl<'a> Use<'a> {
    pub(super) fn new(
        question: &Question<'a>,
        purpose: Coding<'_>,
        domain: &'a ConsentDomain,
        now: Timestamp,
    ) -> Self {
        let purpose = tell::purpose(purpose);
        let lineage = match &purpose {
            Wanted::Purpose(purpose) => purpose.lineage().collect(),
            Wanted::Other(_) | Wanted::Unclear(_) => Vec::new(),
        };
        Self {
            actors: question.actors,
            actions: question.actions,
            groups: &domain.groups,
            purpose,
            lineage,
            when_named: false,
            now,
        }
    }

    /// What the use is besides its purpose. A rule is about it only if it names it: who denies
    /// everything except treatment has not denied an AI system that takes part in treatment.
    pub(super) fn besides(self) -> Self {
        Self {
            when_named: true,
            ..self
        }
    }

    /// Whether a rule is about this use: its period, actors and purposes.
    pub(super) fn fits(&self, scope: &Scope) -> Fit {
        let period = scope
            .period
            .map_or(Fit::Yes, |period| match period.now(self.now) {
                Some(order) => Fit::from(order.is_eq()),
                None => Fit::Unsure("the period of a rule is not understood"),
            });
        period
            .and(|| any(scope.actors.as_deref(), |actor| self.is_actor(actor)))
            .and(|| match scope.purposes.as_deref() {
                None => Fit::from(!self.when_named),
                purposes => any(purposes, |purpose| self.is_for(purpose)),
            })
    }

    fn is_actor(&self, actor: &Actor) -> Fit {
        match actor {
            Actor::Unclear(why) => Fit::Unsure(why),
            Actor::One(one) if self.actors.contains(&one.as_str()) => Fit::Yes,
            Actor::One(one) => self.is_member(one, 0).unwrap_or(Fit::No),
            Actor::Member(group) if self.actors.contains(&group.as_str()) => Fit::Yes,
            Actor::Member(group) => self.is_member(group, 0).unwrap_or(Fit::Unsure(
                "nobody on file says who belongs to a group it names",
            )),
        }
    }

    /// Whether an actor belongs to a group, or to a group within it; `None` for one not on file.
    fn is_member(&self, group: &str, depth: usize) -> Option<Fit> {
        let members = self.groups.members(group)?;
        if depth >= GROUP_DEPTH_MAX {
            return Some(Fit::Unsure("groups are nested too deep"));
        }
        Some(Fit::any(members.iter().map(|member| {
            if self.actors.contains(&member.as_str()) {
                Fit::Yes
            } else {
                self.is_member(member, depth + 1).unwrap_or(Fit::No)
            }
        })))
    }

    fn is_for(&self, named: &Wanted) -> Fit {
        match (named, &self.purpose) {
            (Wanted::Unclear(why), _) => Fit::Unsure(why),
            (Wanted::Purpose(named), _) => Fit::from(self.lineage.contains(named)),
            (Wanted::Other(named), Wanted::Other(asked)) => Fit::from(named == asked),
            (Wanted::Other(_), _) => Fit::No,
        }
    }

    /// Each action asked must be named to be permitted; one that is named is enough to be denied.
    fn is_action(&self, actions: Option<&[Named]>, kind: Kind) -> Fit {
        let Some(named) = actions else {
            return Fit::Yes;
        };
        let one = |asked: &str| {
            Fit::any(named.iter().map(|named| match named {
                Named::Unclear(why) => Fit::Unsure(why),
                Named::Code(named) => {
                    Fit::from(named.system == systems::ACTION && named.code == asked)
                }
            }))
        };
        match kind {
            Kind::Deny => Fit::any(self.actions.iter().map(|asked| one(asked))),
            Kind::Permit if self.actions.is_empty() => Fit::No,
            Kind::Permit => self
                .actions
                .iter()
                .fold(Fit::Yes, |all, asked| all.and(|| one(asked))),
        }
    }
}

/// One piece of data.
pub(super) struct Item<'a> {
    pub(super) data: &'a Data<'a>,
    pub(super) marks: Marks<'a>,
    /// Its date; the fault when it has one that cannot be read.
    date: Option<Stretch>,
}

impl<'a> Item<'a> {
    pub(super) fn new(data: &'a Data<'a>, domain: &'a ConsentDomain) -> Self {
        Self {
            data,
            marks: Marks::of(&data.labels, &domain.explicit_labels),
            date: data.date.and_then(Stretch::parse),
        }
    }

    /// Whether a rule of this kind reaches this data, used as asked.
    pub(super) fn fits(&self, scope: &Scope, kind: Kind, asked: &Use<'_>) -> Fit {
        LabelLimit::reaches(scope.labels.as_deref(), &self.marks, kind)
            .and(|| asked.is_action(scope.actions.as_deref(), kind))
            .and(|| self.is_dated(scope.dates))
            .and(|| any(scope.classes.as_deref(), |class| self.is_of_class(class)))
            .and(|| any(scope.codes.as_deref(), |code| self.has_code(code)))
            .and(|| any(scope.data.as_deref(), |limit| self.is_data(limit, asked)))
    }

    fn is_dated(&self, dates: Option<Period>) -> Fit {
        let Some(dates) = dates else {
            return Fit::Yes;
        };
        let Some(date) = self.date else {
            return Fit::Unsure("the date of the data is not known");
        };
        dates.holds(date).map_or(
            Fit::Unsure("the date of the data lies only partly in the period"),
            Fit::from,
        )
    }

    fn is_of_class(&self, class: &Named) -> Fit {
        match (class, self.data.kind) {
            (Named::Code(class), Some(kind)) if class.system == systems::RESOURCE_TYPES => {
                Fit::from(class.code == kind)
            }
            (Named::Code(_), _) => Fit::Unsure("the class of the data is not known"),
            (Named::Unclear(why), _) => Fit::Unsure(why),
        }
    }

    fn has_code(&self, code: &Named) -> Fit {
        match (code, self.data.codes) {
            (Named::Unclear(why), _) => Fit::Unsure(why),
            (Named::Code(_), None) => Fit::Unsure("the code of the data is not known"),
            (Named::Code(code), Some(codes)) => Fit::from(
                codes
                    .iter()
                    .any(|has| systems::known(has.system) == code.system && has.code == code.code),
            ),
        }
    }

    fn is_data(&self, limit: &DataLimit, asked: &Use<'_>) -> Fit {
        match limit {
            DataLimit::Unclear(why) => Fit::Unsure(why),
            DataLimit::Instance(to) => match self.data.reference {
                Some(reference) => Fit::from(reference == to),
                None => Fit::Unsure("it is not known which resource the data is"),
            },
            DataLimit::Related(to) => match (self.data.reference, self.data.related) {
                (Some(reference), _) if reference == to => Fit::Yes,
                (_, Some(related)) => Fit::from(related.contains(&to.as_str())),
                (_, None) => Fit::Unsure("it is not known what the data is related to"),
            },
            DataLimit::AuthoredBy(by) => match self.data.authors {
                Some(authors) => wrote(authors, by, asked.groups),
                None => Fit::Unsure("it is not known who wrote the data"),
            },
        }
    }
}

/// Whether somebody, or a member of a group, is among the authors.
fn wrote(authors: &[&str], by: &str, groups: &Groups) -> Fit {
    if authors.contains(&by) {
        return Fit::Yes;
    }
    let is_group = ["Group/", "CareTeam/", "PractitionerRole/"]
        .iter()
        .any(|kind| by.starts_with(kind));
    match groups.members(by) {
        Some(members) => Fit::from(members.iter().any(|one| authors.contains(&one.as_str()))),
        None if is_group => Fit::Unsure("nobody on file says who belongs to a group it names"),
        None => Fit::No,
    }
}

/// A kind that is not stated does not limit; of one that is, one entry must fit.
fn any<T>(entries: Option<&[T]>, fit: impl Fn(&T) -> Fit) -> Fit {
    entries.map_or(Fit::Yes, |entries| Fit::any(entries.iter().map(fit)))
}

/// The deepest groups within groups that are followed.
const GROUP_DEPTH_MAX: usize = 8;
