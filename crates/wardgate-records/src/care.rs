//! Who cares for whom: the members of a patient's care teams, each with a period.

use jiff::Timestamp;
use serde::Deserialize;
use wardgate_authz::stretch;

use crate::fhir::{ElementFault, Resource};

/// A member of staff who cares for a patient for some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carer {
    /// The id of the person.
    pub person: String,
    /// The care team, as a consent names it (`CareTeam/<id>`).
    pub team: String,
    /// The first instant; `None` for as long as anybody remembers.
    pub from: Option<Timestamp>,
    /// The first instant after the end; `None` without an end.
    pub until: Option<Timestamp>,
}

impl Carer {
    /// Whether the person cares for the patient at a time.
    #[must_use]
    pub fn cares_at(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at < until)
    }
}

/// How many members a care team may have.
pub const CARERS_MAX: usize = 500;

/// What keeps a care team from being read.
pub(crate) enum CareFault<'a> {
    /// An element does not have the form that FHIR gives it.
    Element(ElementFault<'a>),
    /// The sentence, and what to do.
    Said(&'static str, &'static str),
}

impl<'a> From<ElementFault<'a>> for CareFault<'a> {
    fn from(fault: ElementFault<'a>) -> Self {
        Self::Element(fault)
    }
}

/// What a CareTeam resource says.
pub(crate) struct CareTeam {
    /// `Patient/<id>`.
    pub(crate) patient: String,
    /// The named members of staff. A team that is not active has none.
    pub(crate) carers: Vec<Carer>,
    /// How many members are no practitioners by name: they let nobody in.
    pub(crate) others: usize,
}

impl CareTeam {
    /// Reads a resource. Whatever narrows a membership and cannot be read is a fault: skipping
    /// it would make the membership wider.
    pub(crate) fn read<'a>(resource: &Resource<'a>) -> Result<Self, CareFault<'a>> {
        let patient = resource
            .element::<Reference>("subject")?
            .and_then(|subject| subject.reference)
            .filter(|reference| reference.starts_with("Patient/"))
            .ok_or(CareFault::Said(
                "this CareTeam names no patient",
                "`subject.reference` must be `Patient/<id>`",
            ))?;
        if resource.raw("modifierExtension").is_some() {
            return Err(CareFault::Said(
                "this CareTeam has a `modifierExtension`, which may change what it means",
                "send it without, or as another team",
            ));
        }
        let reference = format!("CareTeam/{}", resource.text("id").unwrap_or_default());
        let active = resource.text("status").as_deref() == Some("active");
        let whole = span(resource.element::<Period>("period")?.as_ref())?;
        let members = resource.element::<Vec<Participant>>("participant")?;
        let members = members.unwrap_or_default();
        if members.len() > CARERS_MAX {
            return Err(CareFault::Said(
                "this CareTeam has too many members",
                "split it into teams of at most 500",
            ));
        }
        let mut team = Self {
            patient,
            carers: Vec::new(),
            others: 0,
        };
        for member in members.iter().filter(|_| active) {
            let own = span(member.period.as_ref())?;
            let person = member
                .member
                .as_ref()
                .and_then(|member| member.reference.as_deref())
                .and_then(|reference| reference.strip_prefix("Practitioner/"))
                .filter(|person| !person.is_empty());
            let Some(person) = person else {
                team.others += 1;
                continue;
            };
            team.carers.push(Carer {
                person: person.to_owned(),
                team: reference.clone(),
                from: whole.0.max(own.0),
                until: [whole.1, own.1].into_iter().flatten().min(),
            });
        }
        Ok(team)
    }
}

type Span = (Option<Timestamp>, Option<Timestamp>);

/// The first instant of a period and the first after it. Dates cover all of what they name.
fn span<'a>(period: Option<&Period>) -> Result<Span, CareFault<'a>> {
    let Some(period) = period else {
        return Ok((None, None));
    };
    let read = |text: Option<&str>| match text {
        None => Ok(None),
        Some(text) => stretch(text).map(Some).ok_or(CareFault::Said(
            "a period of this CareTeam is no FHIR date",
            "write dates as YYYY, YYYY-MM, YYYY-MM-DD, or with time and offset",
        )),
    };
    let from = read(period.start.as_deref())?.map(|(from, _)| from);
    let until = read(period.end.as_deref())?.map(|(_, until)| until);
    Ok((from, until))
}

#[derive(Deserialize)]
struct Reference {
    reference: Option<String>,
}

#[derive(Deserialize)]
struct Period {
    start: Option<String>,
    end: Option<String>,
}

#[derive(Deserialize)]
struct Participant {
    member: Option<Reference>,
    period: Option<Period>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(team: &str) -> Result<CareTeam, &'static str> {
        let text = format!(r#"{{"resourceType":"CareTeam","id":"t",{team}}}"#);
        let resource = Resource::parse(&text).map_err(|_| "no resource")?;
        CareTeam::read(&resource).map_err(|fault| match fault {
            CareFault::Element(fault) => fault.element,
            CareFault::Said(said, _) => said,
        })
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_member_cares_while_both_the_team_and_the_membership_last() {
        let team = read(
            r#""status":"active","subject":{"reference":"Patient/7"},
               "period":{"start":"2026-01","end":"2026-06"},
               "participant":[
                 {"member":{"reference":"Practitioner/dr.osei"},"period":{"start":"2026-03-01","end":"2026-12-31"}},
                 {"member":{"reference":"Practitioner/n.lund"}},
                 {"member":{"reference":"Organization/ward-3"}},
                 {"role":[{"text":"anybody"}]}]"#,
        )
        .unwrap();
        assert_eq!((team.patient.as_str(), team.others), ("Patient/7", 2));
        assert!(team.carers.iter().all(|carer| carer.team == "CareTeam/t"));
        let cares = |person: &str, when: &str| {
            let of = team.carers.iter().find(|carer| carer.person == person);
            of.unwrap().cares_at(at(when))
        };
        assert!(!cares("dr.osei", "2026-02-28T23:59:59Z"));
        assert!(cares("dr.osei", "2026-03-01T00:00:00Z"));
        assert!(cares("dr.osei", "2026-06-30T23:59:59Z"));
        assert!(!cares("dr.osei", "2026-07-01T00:00:00Z"));
        assert!(cares("n.lund", "2026-01-01T00:00:00Z"));
        assert!(!cares("n.lund", "2025-12-31T23:59:59Z"));
    }

    #[test]
    fn a_team_that_is_not_active_lets_nobody_in() {
        for status in [
            "proposed",
            "suspended",
            "inactive",
            "entered-in-error",
            "Active",
        ] {
            let team = read(&format!(
                r#""status":"{status}","subject":{{"reference":"Patient/7"}},
                   "participant":[{{"member":{{"reference":"Practitioner/dr.osei"}}}}]"#
            ));
            assert!(team.unwrap().carers.is_empty(), "{status}");
        }
        let without = read(
            r#""subject":{"reference":"Patient/7"},"participant":[{"member":{"reference":"Practitioner/x"}}]"#,
        );
        assert!(without.unwrap().carers.is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_a_fault_and_never_a_wider_membership() {
        for (team, fault) in [
            (r#""status":"active""#, "this CareTeam names no patient"),
            (
                r#""status":"active","subject":{"reference":"Group/7"}"#,
                "this CareTeam names no patient",
            ),
            (
                r#""status":"active","subject":{"reference":"Patient/7"},"period":{"end":"soon"}"#,
                "a period of this CareTeam is no FHIR date",
            ),
            (
                r#""status":"active","subject":{"reference":"Patient/7"},
                   "participant":[{"member":{"reference":"Practitioner/x"},"period":{"end":"31.12.2026"}}]"#,
                "a period of this CareTeam is no FHIR date",
            ),
            (
                r#""status":"active","subject":{"reference":"Patient/7"},"modifierExtension":[]"#,
                "this CareTeam has a `modifierExtension`, which may change what it means",
            ),
            (
                r#""status":"active","subject":{"reference":"Patient/7"},"participant":"all""#,
                "participant",
            ),
        ] {
            assert_eq!(read(team).err(), Some(fault), "{team}");
        }
    }
}
