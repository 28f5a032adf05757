//! Invented cases with the answer that is expected: what policies are held against.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use wardgate_authz::foresight::{FACT_NAMES, Situation};
use wardgate_authz::{Actor, Operation, Policies, Purpose, Target, Who, operate};

/// One case of a file. What it leaves out is in order: see [`Situation::ordinary`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    /// What it shows.
    pub(super) name: String,
    /// `permit`, or the code of the refusal.
    pub(super) expect: String,
    /// The roles of the person who acts.
    #[serde(default)]
    roles: Vec<String>,
    /// Of a call: the purpose.
    purpose: Option<String>,
    /// Of a call: whether it is about a patient.
    #[serde(default = "yes")]
    patient: bool,
    /// Of a call: whether a person acts.
    #[serde(default = "yes")]
    person: bool,
    /// Of a call: the class of the data.
    data_class: Option<String>,
    /// Of a call: where the data goes.
    region: Option<String>,
    /// Of a call: the time that dates are compared with.
    at: Option<String>,
    /// Of a call: facts that are not in order, by name, as the ledger writes them.
    #[serde(default)]
    facts: BTreeMap<String, String>,
    /// Instead of a call: an operation, such as `policy.approve`.
    operation: Option<String>,
    /// Of an operation: whether the person made or proposed the thing themselves.
    #[serde(default)]
    own: bool,
    /// Of an operation: how strongly the person signed in.
    #[serde(default = "strongest")]
    mfa_level: u8,
    /// Of an operation: how many seconds ago they proved it.
    #[serde(default)]
    mfa_age_s: u64,
    /// Of an operation: whether the person may break the glass.
    #[serde(default)]
    break_glass: bool,
}

/// What policies answer to a case.
pub(super) struct Checked {
    /// `permit`, or the code of the refusal.
    pub(super) answer: String,
    /// The policies that decided, where they are known.
    pub(super) policies: Vec<String>,
}

impl Case {
    /// Puts the case to policies.
    ///
    /// # Errors
    /// What is wrong with the case itself.
    pub(super) fn check(&self, policies: &Policies) -> Result<Checked, String> {
        match &self.operation {
            Some(operation) => self.check_operation(operation, policies),
            None => self.check_call(policies),
        }
    }

    fn check_call(&self, policies: &Policies) -> Result<Checked, String> {
        let purpose = self.purpose.as_deref();
        let purpose = purpose.ok_or("it has neither a `purpose` nor an `operation`")?;
        let purpose: Purpose = purpose
            .parse()
            .map_err(|_| format!("`{purpose}` is not a purpose"))?;
        let mut situation = Situation::ordinary(&self.roles.join(" "), purpose, self.patient);
        if !self.person {
            situation.person = None;
        }
        if let Some(class) = &self.data_class {
            situation.data_class.clone_from(class);
        }
        if let Some(region) = &self.region {
            situation.region.clone_from(region);
            situation
                .facts
                .insert("vendor.region".to_owned(), region.clone());
        }
        if let Some(at) = &self.at {
            let at: Result<Timestamp, _> = at.parse();
            situation.at = at.map_err(|_| "`at` is not a time such as 2026-03-01T08:00:00Z")?;
        }
        for (name, value) in &self.facts {
            if !FACT_NAMES.contains(&name.as_str()) {
                return Err(format!("there is no fact `{name}`"));
            }
            situation.facts.insert(name.clone(), value.clone());
        }
        let answer = situation.ask(policies).map_err(|error| error.to_string())?;
        Ok(Checked {
            answer: answer.code().unwrap_or(PERMIT).to_owned(),
            policies: answer.policies().map(str::to_owned).collect(),
        })
    }

    fn check_operation(&self, word: &str, policies: &Policies) -> Result<Checked, String> {
        let operation =
            Operation::from_word(word).ok_or_else(|| format!("there is no operation `{word}`"))?;
        if self.purpose.is_some() || !self.facts.is_empty() {
            return Err("an `operation` has no `purpose` and no `facts`".to_owned());
        }
        let actor = Actor {
            who: Who::Person {
                id: "person",
                roles: &self.roles,
                break_glass: self.break_glass,
            },
            mfa_level: self.mfa_level,
            mfa_age_s: self.mfa_age_s,
        };
        let target = Target {
            kind: word.split_once('.').map_or(word, |(kind, _)| kind),
            id: "target",
            made_by: Some(if self.own { "person" } else { "another" }),
        };
        let at = Timestamp::UNIX_EPOCH;
        Ok(match operate(&actor, operation, &target, policies, at) {
            Ok(allowed) => Checked {
                answer: PERMIT.to_owned(),
                policies: allowed.policies().map(str::to_owned).collect(),
            },
            Err(forbidden) => Checked {
                answer: forbidden.code.to_string(),
                policies: Vec::new(),
            },
        })
    }
}

/// Reads cases: a YAML list, or JSON with one case a line.
pub(super) fn read(text: &str, json_lines: bool) -> Result<Vec<Case>, String> {
    let cases: Vec<Case> = if json_lines {
        let lines = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty());
        let case = |(number, line)| {
            serde_json::from_str(line).map_err(|error| format!("line {}: {error}", number + 1))
        };
        lines.map(case).collect::<Result<_, _>>()?
    } else {
        serde_saphyr::from_str(text).map_err(|error| error.to_string())?
    };
    match cases.len() {
        0 => Err("it holds no case".to_owned()),
        1..=CASES_MAX => Ok(cases),
        _ => Err(format!("it holds more than {CASES_MAX} cases")),
    }
}

const fn yes() -> bool {
    true
}

const fn strongest() -> u8 {
    3
}

/// What is expected of a case that policies permit.
pub(super) const PERMIT: &str = "permit";
/// How many cases a file may hold.
const CASES_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(case: &str) -> Result<String, String> {
        let cases = read(case, true)?;
        let policies = Policies::built_in().unwrap();
        cases[0].check(&policies).map(|checked| checked.answer)
    }

    #[test]
    fn a_case_is_in_order_but_for_what_it_says() {
        let case = |more: &str| {
            answer(&format!(
                r#"{{"name":"x","expect":"permit","roles":["nurse"],"purpose":"TREAT"{more}}}"#
            ))
        };
        assert_eq!(case(""), Ok("permit".to_owned()));
        let lapsed = case(r#","facts":{"vendor.agreement":"none"}"#);
        assert_eq!(lapsed, Ok("vendor.agreement_missing".to_owned()));
        let late = case(r#","at":"2200-01-01T00:00:00Z""#).unwrap();
        assert_eq!(late, "vendor.agreement_expired");
        assert_eq!(case(r#","person":false"#), Ok("person.required".to_owned()));
    }

    #[test]
    fn what_is_wrong_with_a_case_is_said() {
        for (case, wanted) in [
            (r#"{"name":"x","expect":"permit"}"#, "neither"),
            (
                r#"{"name":"x","expect":"permit","purpose":"FUN"}"#,
                "not a purpose",
            ),
            (r#"{"name":"x","expect":"permit","mood":1}"#, "mood"),
            (
                r#"{"name":"x","expect":"permit","operation":"sing"}"#,
                "no operation",
            ),
            (
                r#"{"name":"x","expect":"permit","purpose":"TREAT","facts":{"a.b":"1"}}"#,
                "no fact",
            ),
            (
                r#"{"name":"x","expect":"permit","purpose":"TREAT","facts":{"person.mfa_level":"strong"}}"#,
                "person.mfa_level",
            ),
            ("\n", "no case"),
        ] {
            let told = answer(case).unwrap_err();
            assert!(told.contains(wanted), "{told}");
        }
    }

    #[test]
    fn yaml_reads_as_json_lines_do() {
        let text = "- name: x\n  expect: permit\n  roles: [clinician]\n  purpose: TREAT\n  facts: {person.mfa_level: \"1\"}\n";
        let cases = read(text, false).unwrap();
        let checked = cases[0].check(&Policies::built_in().unwrap()).unwrap();
        assert_eq!(checked.answer, "mfa.required");
        assert_eq!(checked.policies, ["mfa.required"]);
    }
}
