//! What is asked: who calls which system, for whom, for what.

use std::fmt;

use crate::consent::Labels;
use crate::facts::Facts;
use crate::purpose::Purpose;

/// One call, as far as the decision needs to know it.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The call's digest; the permit is bound to it.
    pub call: [u8; 32],
    /// The calling application's id.
    pub app: &'a str,
    /// The person it acts for.
    pub person: Option<&'a str>,
    /// How the person signed in, when a signed token says so. Without one, what their record
    /// says counts, and nobody knows how long ago it was.
    pub sign_in: Option<SignIn>,
    /// The system called.
    pub system: &'a str,
    /// The system's vendor.
    pub vendor: &'a str,
    /// Why.
    pub purpose: Purpose,
    /// The patient the call is about.
    pub patient: Option<Subject<'a>>,
    /// The class of the data sent.
    pub data_class: &'a str,
    /// Its security labels. Data that nobody labelled is not normal data.
    pub labels: Labels<'a>,
    /// Who receives it.
    pub recipient: &'a str,
    /// Where that is.
    pub region: &'a str,
    /// FHIR references of everyone who takes part (`Practitioner/..`, `Organization/..`,
    /// `Device/..` for the AI system): a consent may name any of them.
    pub actors: &'a [&'a str],
    /// What is known about all of these.
    pub facts: &'a Facts,
}

/// How, and how long ago, a person proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// 0 none, 1 one factor, 2 two factors, 3 phishing-resistant.
    pub level: u8,
    /// How many seconds ago.
    pub age_s: u64,
}

/// The patient of a call.
#[derive(Clone, Copy)]
pub enum Subject<'a> {
    /// A patient on file, by FHIR reference (`Patient/123`) as the consents name them.
    Known(&'a str),
    /// Nobody on file. Refused exactly as a denied consent, so that a caller cannot find
    /// out who is a patient here.
    Unknown,
}

impl fmt::Debug for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whose call it is, is patient data.
        f.write_str(match self {
            Self::Known(_) => "Known",
            Self::Unknown => "Unknown",
        })
    }
}
