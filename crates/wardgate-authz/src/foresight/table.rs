//! The tables that two sets of policies are compared on: every role for every purpose with one
//! thing out of order at a time, and every role for every operation.

use jiff::Timestamp;

use super::situation::{Answer, Situation};
use crate::facts::ROLES;
use crate::operation::{Actor, Operation, Target, Who, operate};
use crate::policies::Policies;
use crate::purpose::Purpose;

/// One cell of the table of calls.
pub(super) struct Cell {
    pub(super) role: &'static str,
    /// Purposes that the policies can not tell apart.
    pub(super) purposes: Vec<Purpose>,
    pub(super) about_patient: bool,
    pub(super) circumstance: &'static str,
    pub(super) answer: Answer,
}

/// One cell of the table of operations.
pub(super) struct OperationCell {
    pub(super) role: &'static str,
    pub(super) operation: Operation,
    pub(super) circumstance: &'static str,
    /// The code of the refusal; `None` when it is permitted.
    pub(super) refused: Option<String>,
}

impl Situation {
    /// A call that nothing stands in the way of but the role: for invented cases. Its system is
    /// approved for every purpose, its person is trained and signed in with a passkey.
    #[must_use]
    pub fn ordinary(role: &str, purpose: Purpose, about_patient: bool) -> Self {
        let purposes: Vec<&str> = Purpose::all().map(Purpose::code).collect();
        let data_class = if about_patient {
            "patient-text"
        } else {
            "general-text"
        };
        let facts = [
            ("app.systems", "system"),
            ("flow.declared", "true"),
            ("incident.containment", "open"),
            ("person.break_glass", "false"),
            ("person.mfa_level", "3"),
            ("person.roles", role),
            ("person.training", "course/2100-01-01T00:00:00Z"),
            ("system.allowed_data_classes", "patient-text general-text"),
            ("system.allowed_purposes", &purposes.join(" ")),
            ("system.assessed_until", "2100-01-01T00:00:00Z"),
            ("system.critical_findings_overdue", "0"),
            ("system.digest_match", "true"),
            ("system.mfa_min", "2"),
            ("system.person_required", "true"),
            ("system.state", "live"),
            (
                "vendor.agreement",
                "2000-01-01T00:00:00Z/2100-01-01T00:00:00Z",
            ),
            ("vendor.region", "region"),
            ("vendor.state", "active"),
        ];
        Self {
            at: AT,
            app: "app".to_owned(),
            person: Some("person".to_owned()),
            system: "system".to_owned(),
            vendor: "vendor".to_owned(),
            purpose,
            about_patient,
            data_class: data_class.to_owned(),
            recipient: "vendor".to_owned(),
            region: "region".to_owned(),
            facts: facts
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        }
    }
}

/// Purposes that neither of two sets can tell apart, together: those of which the same are named
/// by a policy, among themselves and what they are a part of.
pub(super) fn alike(sets: [&Policies; 2]) -> Vec<Vec<Purpose>> {
    let texts = sets.map(Policies::texts).concat();
    // A pattern may match what is nowhere written out.
    let patterns = texts.iter().any(|policy| policy.text.contains(" like "));
    let named = |purpose: &Purpose| {
        let quoted = format!("\"{}\"", purpose.code());
        patterns || texts.iter().any(|policy| policy.text.contains(&quoted))
    };
    // A policy can ask for a purpose itself, or for what it is a part of.
    let sight = |purpose: &Purpose| -> (bool, Vec<Purpose>) {
        (named(purpose), purpose.lineage().filter(named).collect())
    };
    let mut classes: Vec<Vec<Purpose>> = Vec::new();
    for purpose in Purpose::all() {
        let alike = classes
            .iter_mut()
            .find(|class| class.first().map(sight) == Some(sight(&purpose)));
        match alike {
            Some(class) => class.push(purpose),
            None => classes.push(vec![purpose]),
        }
    }
    classes
}

/// What policies answer in every cell of the table of calls.
pub(super) fn calls(policies: &Policies, purposes: &[Vec<Purpose>]) -> Vec<Cell> {
    let mut cells = Vec::new();
    for role in roles() {
        for about_patient in [true, false] {
            for circumstance in CIRCUMSTANCES {
                for class in purposes {
                    let Some(&purpose) = class.first() else {
                        continue;
                    };
                    let mut situation = Situation::ordinary(role, purpose, about_patient);
                    circumstance.apply(&mut situation);
                    // Every fact is there by construction; if one were not, nothing is permitted.
                    let answer = situation.ask(policies).unwrap_or(Answer::Refused {
                        code: "fact.missing".into(),
                        policies: Vec::new(),
                    });
                    cells.push(Cell {
                        role,
                        purposes: class.clone(),
                        about_patient,
                        circumstance: circumstance.name,
                        answer,
                    });
                }
            }
        }
    }
    cells
}

/// What policies answer in every cell of the table of operations.
pub(super) fn operations(policies: &Policies) -> Vec<OperationCell> {
    let mut cells = Vec::new();
    for role in roles() {
        for &operation in Operation::ALL {
            for &(circumstance, mfa_level, mfa_age_s, made_by, break_glass) in SIGN_INS {
                let roles = [role.to_owned()];
                let actor = Actor {
                    who: Who::Person {
                        id: "person",
                        roles: if role.is_empty() { &[] } else { &roles },
                        break_glass,
                    },
                    mfa_level,
                    mfa_age_s,
                };
                let word = operation.word();
                let target = Target {
                    kind: word.split_once('.').map_or(word, |(kind, _)| kind),
                    id: "target",
                    made_by: Some(made_by),
                };
                let refused = operate(&actor, operation, &target, policies, AT).err();
                cells.push(OperationCell {
                    role,
                    operation,
                    circumstance,
                    refused: refused.map(|forbidden| forbidden.code.to_string()),
                });
            }
        }
    }
    cells
}

/// Every role, and none.
fn roles() -> impl Iterator<Item = &'static str> {
    ROLES.iter().copied().chain([""])
}

/// One thing that is out of order, or nothing.
struct Circumstance {
    name: &'static str,
    facts: &'static [(&'static str, &'static str)],
    nobody_acts: bool,
}

impl Circumstance {
    fn apply(&self, situation: &mut Situation) {
        for (name, value) in self.facts {
            situation
                .facts
                .insert((*name).to_owned(), (*value).to_owned());
        }
        if self.nobody_acts {
            situation.person = None;
        }
    }
}

const fn when(name: &'static str, facts: &'static [(&'static str, &'static str)]) -> Circumstance {
    Circumstance {
        name,
        facts,
        nobody_acts: false,
    }
}

const CIRCUMSTANCES: &[Circumstance] = &[
    when("everything in order", &[]),
    Circumstance {
        name: "the app acts alone",
        facts: &[("system.person_required", "false")],
        nobody_acts: true,
    },
    Circumstance {
        name: "no person on a system that needs one",
        facts: &[],
        nobody_acts: true,
    },
    when("app not granted the system", &[("app.systems", "")]),
    when("flow not declared", &[("flow.declared", "false")]),
    when(
        "an incident contains it",
        &[("incident.containment", "inc-1")],
    ),
    when("vendor without agreement", &[("vendor.agreement", "none")]),
    when(
        "agreement not yet in force",
        &[(
            "vendor.agreement",
            "2090-01-01T00:00:00Z/2100-01-01T00:00:00Z",
        )],
    ),
    when(
        "agreement expired",
        &[(
            "vendor.agreement",
            "2000-01-01T00:00:00Z/2001-01-01T00:00:00Z",
        )],
    ),
    when(
        "vendor in due diligence",
        &[("vendor.state", "due_diligence")],
    ),
    when("vendor suspended", &[("vendor.state", "suspended")]),
    when("system in review", &[("system.state", "in_review")]),
    when("system suspended", &[("system.state", "suspended")]),
    when(
        "system never assessed",
        &[("system.assessed_until", "never")],
    ),
    when(
        "assessment expired",
        &[("system.assessed_until", "2001-01-01T00:00:00Z")],
    ),
    when(
        "critical finding overdue",
        &[("system.critical_findings_overdue", "1")],
    ),
    when(
        "system not as assessed",
        &[("system.digest_match", "false")],
    ),
    when("purpose not approved", &[("system.allowed_purposes", "")]),
    when(
        "data class not approved",
        &[("system.allowed_data_classes", "")],
    ),
    when("never trained", &[("person.training", "course/never")]),
    when(
        "training lapsed",
        &[("person.training", "course/2001-01-01T00:00:00Z")],
    ),
    when("signed in with one factor", &[("person.mfa_level", "1")]),
    when(
        "two factors where the system asks for a passkey",
        &[("person.mfa_level", "2"), ("system.mfa_min", "3")],
    ),
];

/// How somebody signed in and what they reach for: name, level, age of the proof, who made the
/// thing, and whether they may break the glass.
const SIGN_INS: &[(&str, u8, u64, &str, bool)] = &[
    ("fresh passkey, made by another", 3, 0, "another", false),
    ("fresh passkey, made by themselves", 3, 0, "person", false),
    ("fresh two factors, made by another", 2, 0, "another", false),
    (
        "passkey an hour ago, made by another",
        3,
        3600,
        "another",
        false,
    ),
    ("one factor, made by another", 1, 0, "another", false),
    (
        "fresh passkey, with authority to break the glass",
        3,
        0,
        "another",
        true,
    ),
];

/// When the invented calls are made.
const AT: Timestamp = Timestamp::constant(1_767_225_600, 0);
