//! What the hospital chose: the default where no consent applies, and how conflicts end.

use std::collections::BTreeMap;
use std::fmt;

/// How a hospital handles consents. The default permits nothing without a consent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsentDomain {
    /// What holds when no consent applies.
    pub default: DefaultPolicy,
    /// What holds when consents disagree.
    pub conflict: ConflictRule,
    /// Codes of labels that a permit must name to reach data that carries them.
    pub explicit_labels: Vec<String>,
    /// Who belongs to a group, care team or role that a consent may name.
    pub groups: Groups,
}

/// What holds when consents disagree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConflictRule {
    /// A denial wins.
    #[default]
    DenyOverrides,
    /// The consent that was given last wins, and a denial among equals.
    MostRecent,
}

impl ConflictRule {
    /// Its name, such as `deny-overrides`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::DenyOverrides => "deny-overrides",
            Self::MostRecent => "most-recent",
        }
    }

    /// Reads its name.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::DenyOverrides, Self::MostRecent]
            .into_iter()
            .find(|rule| rule.word() == word)
    }
}

/// Members of groups, care teams and roles, all by FHIR reference.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Groups(BTreeMap<String, Vec<String>>);

impl Groups {
    /// The members of one group; `None` for a group that is not known here.
    #[must_use]
    pub fn members(&self, group: &str) -> Option<&[String]> {
        self.0.get(group).map(Vec::as_slice)
    }

    /// Whether no group is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(String, Vec<String>)> for Groups {
    fn from_iter<T: IntoIterator<Item = (String, Vec<String>)>>(groups: T) -> Self {
        Self(groups.into_iter().collect())
    }
}

impl fmt::Debug for Groups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A patient may be a member.
        write!(f, "Groups({})", self.0.len())
    }
}

/// The overarching policies of IHE Privacy Consent on FHIR.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DefaultPolicy {
    /// Nothing is permitted.
    #[default]
    Deny,
    /// Treatment is permitted, with data labelled normal or lower.
    BasicNormal,
    /// Every purpose is permitted, with data labelled normal or lower.
    AllNormal,
    /// Only an authorised breaking of the glass is permitted.
    BreakGlassOnly,
}

impl DefaultPolicy {
    /// Every policy.
    pub const ALL: &'static [Self] = &[
        Self::Deny,
        Self::BasicNormal,
        Self::AllNormal,
        Self::BreakGlassOnly,
    ];

    /// Its name, such as `Policy-deny`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Deny => "Policy-deny",
            Self::BasicNormal => "Policy-basic-normal",
            Self::AllNormal => "Policy-all-normal",
            Self::BreakGlassOnly => "Policy-break-glass-only",
        }
    }

    /// Reads its name, alone or as the canonical URL of IHE.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let name = word
            .strip_prefix("https://profiles.ihe.net/ITI/PCF/")
            .unwrap_or(word);
        Self::ALL
            .iter()
            .copied()
            .find(|policy| policy.word() == name)
    }
}

/// HL7 v3 Confidentiality, from low to high.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidentiality {
    /// `U`
    Unrestricted,
    /// `L`
    Low,
    /// `M`
    Moderate,
    /// `N`
    Normal,
    /// `R`
    Restricted,
    /// `V`
    VeryRestricted,
}

impl Confidentiality {
    /// Reads an HL7 v3 code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Some(match code {
            "U" => Self::Unrestricted,
            "L" => Self::Low,
            "M" => Self::Moderate,
            "N" => Self::Normal,
            "R" => Self::Restricted,
            "V" => Self::VeryRestricted,
            _ => return None,
        })
    }

    /// Its HL7 v3 code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Unrestricted => "U",
            Self::Low => "L",
            Self::Moderate => "M",
            Self::Normal => "N",
            Self::Restricted => "R",
            Self::VeryRestricted => "V",
        }
    }
}
