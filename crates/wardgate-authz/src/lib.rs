//! The pure decision: request, facts, policies, consents and now give a permit or a refusal.
//!
//! [`decide`] asks three questions in this order, and the first "no" is the answer:
//!
//! 1. Is every fact there, and fresh? A missing or stale fact refuses, and is named.
//! 2. Do the policies permit it? Cedar policies, in which a `forbid` always wins.
//! 3. Does the patient? FHIR R4 consents, in which a denial always wins, and a consent that
//!    cannot be computed never permits.
//!
//! ```
//! use wardgate_authz::consent::{CALL_ACTIONS, Data, Question, judge};
//! use wardgate_authz::{Consent, ConsentDomain, Labels, Purpose};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let consent = Consent::from_json(
//!     r#"{"resourceType": "Consent", "id": "c1", "status": "active",
//!         "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope",
//!                               "code": "patient-privacy"}]},
//!         "patient": {"reference": "Patient/1"},
//!         "provision": {"type": "permit", "period": {"end": "2026-06"}}}"#,
//! )?;
//! let treatment: Purpose = "TREAT".parse()?;
//! let question = Question {
//!     patient: "Patient/1",
//!     actors: &["Device/chat"],
//!     purpose: treatment.into(),
//!     ai: None,
//!     actions: CALL_ACTIONS,
//!     break_glass: false,
//!     data: &[Data::text(Labels::NONE)],
//! };
//! let ask = |now: &str| -> Result<bool, jiff::Error> {
//!     let domain = ConsentDomain::default();
//!     Ok(judge(&question, &[consent.clone()], &domain, now.parse()?).permitted)
//! };
//! assert!(ask("2026-06-30T23:59:59Z")?);
//! assert!(!ask("2026-07-01T00:00:00Z")?);
//! # Ok(())
//! # }
//! ```
//!
//! This crate reads no clock, file or network: the same inputs give the same answer, today
//! and when an auditor recomputes it years later.
#![deny(missing_docs)]

pub mod consent;
pub mod foresight;
pub mod label;

mod cedar;
mod decide;
mod fact;
mod facts;
mod operation;
mod outcome;
mod policies;
mod purpose;
mod request;

pub use consent::stretch;
pub use consent::{
    Confidentiality, ConflictRule, Consent, ConsentDomain, ConsentFault, DefaultPolicy, Groups,
    Labels,
};
pub use decide::decide;
pub use fact::{AsOf, Fact, FactUsed};
pub use facts::{
    Agreement, AppFacts, BreakGlass, Care, Containment, Facts, PersonFacts, Prepared, ROLES,
    SystemFacts, SystemState, Training, VendorFacts, VendorState,
};
pub use operation::{Actor, Allowed, Forbidden, Operation, Target, Who, operate};
pub use outcome::{ConsentBasis, Denial, Gate, Permit};
pub use policies::{Code, Policies, PolicyFault, PolicyText};
pub use purpose::{Purpose, UnknownPurpose};
pub use request::{Request, SignIn, Subject};
