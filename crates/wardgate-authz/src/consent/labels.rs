//! The security labels of the data that a question is about, and of the data that a rule reaches.

use std::fmt;

use super::domain::Confidentiality;
use super::fit::Fit;
use super::rule::{Code, Kind};
use super::sensitivity::Sensitivities;
use super::{Coding, systems};

/// The labels of one piece of data, and how far they can be relied on.
#[derive(Clone, Copy, Debug)]
pub struct Labels<'a> {
    codes: &'a [Coding<'a>],
    labelling: Labelling,
}

/// Who looked at the data, if anybody did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Labelling {
    /// Nobody: a label that is not there may be missing.
    NotDone,
    /// The labelling step of this program, which knows some labels and no others.
    Step,
    /// A service that knows every label which consents name.
    Done,
}

impl<'a> Labels<'a> {
    /// Data that nobody has labelled. It is not normal data.
    pub const NONE: Labels<'static> = Labels {
        codes: &[],
        labelling: Labelling::NotDone,
    };

    /// Labels of data that nobody claims to have looked at as a whole.
    #[must_use]
    pub const fn unfinished(codes: &'a [Coding<'a>]) -> Self {
        Self {
            codes,
            labelling: Labelling::NotDone,
        }
    }

    /// Labels that are complete: what is not among them does not apply.
    #[must_use]
    pub const fn complete(codes: &'a [Coding<'a>]) -> Self {
        Self {
            codes,
            labelling: Labelling::Done,
        }
    }

    /// What the labelling step found.
    #[must_use]
    pub const fn found(codes: &'a [Coding<'a>]) -> Self {
        Self {
            codes,
            labelling: Labelling::Step,
        }
    }

    /// The labels.
    #[must_use]
    pub const fn codes(&self) -> &'a [Coding<'a>] {
        self.codes
    }
}

/// Labels worked out for comparison, once for each piece of data.
#[derive(Debug)]
pub(super) struct Marks<'a> {
    level: Confidentiality,
    sensitive: Sensitivities,
    /// Labels whose meaning is not known here.
    others: Vec<Coding<'a>>,
    labelling: Labelling,
    /// Labels of the hospital's list that a permit must name.
    explicit: &'a [String],
}

impl<'a> Marks<'a> {
    pub(super) fn of(labels: &Labels<'a>, explicit: &'a [String]) -> Self {
        let mut marks = Self {
            level: Confidentiality::Unrestricted,
            sensitive: Sensitivities::NONE,
            others: Vec::new(),
            labelling: labels.labelling,
            explicit,
        };
        let mut stated = false;
        for label in labels.codes {
            match systems::known(label.system) {
                systems::CONFIDENTIALITY => {
                    stated = true;
                    // A level that is not known may be the highest.
                    let level = Confidentiality::from_code(label.code);
                    marks.raise(level.unwrap_or(Confidentiality::VeryRestricted));
                }
                systems::ACT_CODE => {
                    stated = true;
                    marks.raise(Confidentiality::Restricted);
                    match Sensitivities::of(label.code) {
                        Some(one) => marks.sensitive = marks.sensitive.with(one),
                        None => marks.others.push(*label),
                    }
                }
                _ => marks.others.push(*label),
            }
        }
        if !stated {
            marks.raise(Confidentiality::Normal);
        }
        marks
    }

    fn raise(&mut self, level: Confidentiality) {
        self.level = self.level.max(level);
    }

    /// Whether the data is known to be normal or lower, and carries no label that must be named.
    pub(super) fn is_normal(&self) -> bool {
        self.labelling != Labelling::NotDone
            && self.level <= Confidentiality::Normal
            && self.names_explicit(None) == Fit::Yes
    }

    /// Whether a rule that names these labels names each that the hospital wants named.
    fn names_explicit(&self, limit: Option<&LabelLimit>) -> Fit {
        let mut fit = Fit::Yes;
        for code in self.explicit {
            let found = match Sensitivities::of(code) {
                Some(explicit) => {
                    let reach = explicit.with_parts();
                    let carried = self.sensitive.both(reach);
                    let named = limit
                        .map_or(Sensitivities::NONE, |limit| limit.named)
                        .both(reach);
                    if !carried.without(named.with_parts()).is_empty() {
                        Fit::No
                    } else if carried.is_empty() {
                        self.not_carried(!explicit.unseen(self.sensitive))
                    } else {
                        Fit::Yes
                    }
                }
                None if self.others.iter().any(|label| label.code == code) => Fit::from(
                    limit.is_some_and(|limit| limit.others.iter().any(|named| named.code == *code)),
                ),
                None => self.not_carried(false),
            };
            fit = fit.and(|| found);
        }
        fit
    }

    /// A label that must be named is not there: good, if anybody would have seen it.
    fn not_carried(&self, looked_for: bool) -> Fit {
        match self.labelling {
            Labelling::Done => Fit::Yes,
            Labelling::Step if looked_for => Fit::Yes,
            Labelling::Step | Labelling::NotDone => Fit::Unsure(NOT_LABELLED),
        }
    }
}

/// The labels that a rule names.
#[derive(Clone, Debug, Default)]
pub(super) struct LabelLimit {
    highest: Option<Confidentiality>,
    lowest: Option<Confidentiality>,
    named: Sensitivities,
    others: Vec<Code>,
    unclear: Option<&'static str>,
}

impl LabelLimit {
    pub(super) fn add(&mut self, system: &str, code: &str) {
        match systems::known(system) {
            systems::CONFIDENTIALITY => match Confidentiality::from_code(code) {
                Some(level) => {
                    self.highest = self.highest.max(Some(level));
                    self.lowest = Some(self.lowest.map_or(level, |lowest| lowest.min(level)));
                }
                None => self.add_unclear("a confidentiality it names is not known"),
            },
            systems::ACT_CODE if Sensitivities::of(code).is_some() => {
                let one = Sensitivities::of(code).unwrap_or_default();
                self.named = self.named.with(one);
            }
            known => self.others.push(Code {
                system: known.to_owned(),
                code: code.to_owned(),
            }),
        }
    }

    pub(super) fn add_unclear(&mut self, why: &'static str) {
        self.unclear.get_or_insert(why);
    }

    pub(super) fn unclear(&self) -> Option<&'static str> {
        self.unclear
    }

    /// Whether a rule with this limit reaches data with these marks.
    pub(super) fn reaches(limit: Option<&Self>, marks: &Marks<'_>, kind: Kind) -> Fit {
        match (kind, limit) {
            (Kind::Permit, None) => marks.names_explicit(None),
            (Kind::Permit, Some(limit)) => limit
                .permits(marks)
                .and(|| marks.names_explicit(Some(limit))),
            (Kind::Deny, None) => Fit::Yes,
            (Kind::Deny, Some(limit)) => limit.denies(marks),
        }
    }

    /// Levels up to the highest named, or every sensitivity of the data among those named.
    fn permits(&self, marks: &Marks<'_>) -> Fit {
        let carried = marks.sensitive.most_precise();
        let by_level = self.highest.is_some_and(|highest| marks.level <= highest);
        let by_sensitivity = !carried.is_empty()
            && !self.named.is_empty()
            && carried.without(self.named.with_parts()).is_empty();
        let by_other =
            self.named_other(marks) && carried.without(self.named.with_parts()).is_empty();
        let fit = Fit::from(by_level || by_sensitivity || by_other);
        let fit = match self.unclear {
            Some(why) => fit.or(|| Fit::Unsure(why)),
            None => fit,
        };
        match marks.labelling {
            // What is there is too much already, or more may be missing.
            Labelling::NotDone => fit.and(|| Fit::Unsure(NOT_LABELLED)),
            Labelling::Step | Labelling::Done => fit,
        }
    }

    /// The lowest level named and above, or any sensitivity named.
    fn denies(&self, marks: &Marks<'_>) -> Fit {
        let by_level = self.lowest.is_some_and(|lowest| lowest <= marks.level);
        let reach = self.named.with_near();
        let by_sensitivity = !marks.sensitive.both(reach).is_empty();
        if by_level || by_sensitivity || self.named_other(marks) {
            return Fit::Yes;
        }
        if let Some(why) = self.unclear {
            return Fit::Unsure(why);
        }
        match marks.labelling {
            Labelling::Done => Fit::No,
            Labelling::NotDone => Fit::Unsure(NOT_LABELLED),
            // The step knows two levels and some sensitivities. Of others it says nothing.
            Labelling::Step => {
                let very = self.lowest == Some(Confidentiality::VeryRestricted)
                    && marks.level >= Confidentiality::Restricted;
                let unseen = self.named.unseen(marks.sensitive) || !self.others.is_empty();
                if very || unseen {
                    Fit::Unsure("it denies a label that the labelling step does not look for")
                } else {
                    Fit::No
                }
            }
        }
    }

    fn named_other(&self, marks: &Marks<'_>) -> bool {
        marks.others.iter().any(|label| {
            let system = systems::known(label.system);
            self.others
                .iter()
                .any(|named| named.system == system && named.code == label.code)
        })
    }
}

impl LabelLimit {
    /// In words, as a rule of this kind uses it.
    pub(super) fn tell(&self, kind: Option<Kind>, f: &mut dyn fmt::Write) -> fmt::Result {
        let mut parts: Vec<String> = Vec::new();
        match (kind, self.highest, self.lowest) {
            (Some(Kind::Deny), _, Some(level)) => parts.push(format!("{} or higher", level.code())),
            (_, Some(level), _) => parts.push(format!("{} or lower", level.code())),
            _ => {}
        }
        parts.extend(self.named.codes().map(|code| {
            super::sensitivity::words(code)
                .map_or_else(|| code.to_owned(), |words| format!("{code} ({words})"))
        }));
        parts.extend(self.others.iter().map(|other| other.code.clone()));
        if self.unclear.is_some() {
            parts.push("a label that is not understood".to_owned());
        }
        write!(f, ", data labelled {}", parts.join(" or "))
    }
}

const NOT_LABELLED: &str =
    "the data has not been labelled, so nobody can tell whether it is reached";
