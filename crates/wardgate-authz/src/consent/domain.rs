//! What holds when no consent applies: the default that the hospital chose.

/// How a hospital handles consents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsentDomain {
    /// What holds when no consent applies.
    pub default: DefaultPolicy,
}

impl Default for ConsentDomain {
    /// Nothing is permitted without a consent.
    fn default() -> Self {
        Self {
            default: DefaultPolicy::Deny,
        }
    }
}

/// The overarching policies of IHE Privacy Consent on FHIR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultPolicy {
    /// Nothing is permitted.
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
}
