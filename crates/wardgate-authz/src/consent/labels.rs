//! The security labels of the data that a question is about.

use super::Coding;
use super::domain::Confidentiality;

/// The labels of one piece of data, and how far they can be relied on.
#[derive(Clone, Copy, Debug)]
pub struct Labels<'a> {
    codes: &'a [Coding<'a>],
    labelling: Labelling,
}

/// Who looked at the data, if anybody did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Labelling {
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

    pub(crate) const fn labelling(&self) -> Labelling {
        self.labelling
    }

    /// The confidentiality that the labels add up to; `None` for data that nobody labelled.
    pub(crate) fn confidentiality(&self) -> Option<Confidentiality> {
        if self.labelling() == Labelling::NotDone {
            return None;
        }
        let level = |label: &Coding<'_>| {
            Confidentiality::from_code(label.code).unwrap_or(Confidentiality::VeryRestricted)
        };
        Some(
            self.codes
                .iter()
                .map(level)
                .max()
                .unwrap_or(Confidentiality::Normal),
        )
    }
}
