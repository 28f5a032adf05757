//! Whether a rule applies: no, yes, or it cannot be told.

/// An answer of three values. What cannot be told carries the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    No,
    Unsure(&'static str),
    Yes,
}

impl Fit {
    /// Both must hold; one that does not hold settles it.
    pub(super) fn and(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::No => Self::No,
            Self::Yes => other(),
            Self::Unsure(why) => match other() {
                Self::No => Self::No,
                Self::Unsure(_) | Self::Yes => Self::Unsure(why),
            },
        }
    }

    /// One must hold; one that holds settles it.
    pub(super) fn or(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Yes => Self::Yes,
            Self::No => other(),
            Self::Unsure(why) => match other() {
                Self::Yes => Self::Yes,
                Self::Unsure(_) | Self::No => Self::Unsure(why),
            },
        }
    }

    /// One of several must hold.
    pub(super) fn any(fits: impl IntoIterator<Item = Self>) -> Self {
        fits.into_iter().fold(Self::No, |all, fit| all.or(|| fit))
    }
}

impl From<bool> for Fit {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}
