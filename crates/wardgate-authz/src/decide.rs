//! The decision, top to bottom.

use std::sync::Arc;

use jiff::Timestamp;

use crate::consent::{self, Consent, ConsentDomain, Question, Ruling, Step};
use crate::fact::{Fact, FactUsed, FactValue, Freshness, used};
use crate::facts::{BreakGlass, Care, Facts, Prepared};
use crate::outcome::{ConsentBasis, Denial, Gate, Permit, Refused};
use crate::policies::Policies;
use crate::purpose::Purpose;
use crate::request::{Request, SignIn, Subject};

/// Decides one call.
///
/// Facts first: a policy must never be asked about a fact that is not there, because a
/// missing fact is not a "no" and not a "yes". Then the policies, then the patient.
///
/// # Errors
/// The [`Denial`] that refuses the call.
pub fn decide(
    request: &Request<'_>,
    consents: &[Consent],
    domain: &ConsentDomain,
    policies: &Policies,
    now: Timestamp,
) -> Result<Permit, Denial> {
    let mut parties =
        check_facts(request, now).map_err(|fault| fault.into_denial(request, policies))?;
    parties.used.extend(labels_used(request));
    let permitting = policies
        .evaluate(request, &parties, now)
        .map_err(|refused| refused.into_denial(request, &parties, policies))?;
    let (consent, steps) = match ask_patient(request, parties.break_glass, consents, domain, now) {
        Ok(answer) => answer,
        Err(ruling) => return Err(deny_consent(request, parties, permitting, policies, ruling)),
    };
    Ok(Permit {
        call: request.call,
        policies: permitting,
        policy_hash: policies.hash(),
        consent,
        facts: parties.used,
        steps,
    })
}

/// The policies' part of a decision alone: nothing is remembered and the patient is not asked.
pub(crate) fn ask_policies(
    request: &Request<'_>,
    policies: &Policies,
    now: Timestamp,
) -> Result<Vec<Arc<str>>, Denial> {
    let parties =
        check_facts(request, now).map_err(|fault| fault.into_denial(request, policies))?;
    policies
        .evaluate_anew(request, &parties, now)
        .map_err(|refused| refused.into_denial(request, &parties, policies))
}

/// The facts of a call after the check that all are there, fresh, and about its parties.
pub(crate) struct Parties<'a> {
    pub(crate) facts: &'a Facts,
    /// App, system, vendor, then the person if there is one.
    pub(crate) entities: Vec<&'a cedar_policy::Entity>,
    /// Every number in the entities: each may be a date at which a policy turns.
    pub(crate) dates_ms: Vec<&'a [i64]>,
    pub(crate) flow_declared: bool,
    pub(crate) contained: bool,
    pub(crate) sign_in: SignIn,
    pub(crate) care: Care,
    /// The call says that it breaks the glass, and the person, who has the authority for it, has
    /// opened this patient's data.
    pub(crate) break_glass: bool,
    pub(crate) used: Vec<Arc<[FactUsed]>>,
}

impl Parties<'_> {
    /// A fact by name.
    pub(crate) fn fact(&self, name: &str) -> Option<&FactUsed> {
        self.used
            .iter()
            .flat_map(|group| group.iter())
            .find(|fact| fact.name == name)
    }
}

/// A fact that cannot be relied on.
struct FactFault {
    code: &'static str,
    message: String,
    hint: &'static str,
    source: Arc<str>,
}

impl FactFault {
    fn missing(name: &str, of: &str) -> Self {
        Self {
            code: "fact.missing",
            message: format!("the fact `{name}` about `{of}` is missing"),
            hint: MISSING_HINT,
            source: of.into(),
        }
    }

    fn stale(name: &str, source: &str) -> Self {
        Self {
            code: "fact.stale",
            message: format!("the fact `{name}` from `{source}` is too old to rely on"),
            hint: STALE_HINT,
            source: source.into(),
        }
    }

    fn into_denial(self, request: &Request<'_>, policies: &Policies) -> Denial {
        Denial(Box::new(Refused {
            call: request.call,
            gate: Gate::Facts,
            code: self.code.into(),
            message: self.message,
            hint: self.hint.into(),
            source: self.source,
            policies: Vec::new(),
            policy_hash: policies.hash(),
            consents: Vec::new(),
            facts: Vec::new(),
            steps: Vec::new(),
        }))
    }
}

fn check_facts<'a>(request: &Request<'a>, now: Timestamp) -> Result<Parties<'a>, FactFault> {
    let facts = request.facts;
    let mut check = Check {
        snapshot_as_of: facts.snapshot_as_of,
        now,
        entities: Vec::with_capacity(4),
        dates_ms: Vec::with_capacity(4),
        used: Vec::with_capacity(5),
    };
    check.group("app", request.app, facts.app.as_deref(), |app| &app.id)?;
    check.group(
        "system",
        request.system,
        facts.system.as_deref(),
        |system| &system.id,
    )?;
    check.group(
        "vendor",
        request.vendor,
        facts.vendor.as_deref(),
        |vendor| &vendor.id,
    )?;
    if let Some(system) = &facts.system
        && system.vendor != request.vendor
    {
        return Err(FactFault::missing(
            "system.vendor",
            &format!("system/{}", request.system),
        ));
    }
    if let Some(person) = request.person {
        check.group("person", person, facts.person.as_deref(), |person| {
            &person.id
        })?;
    }
    let flow_declared = facts.flow_declared.as_ref();
    let containment = facts.containment.as_ref();
    let of = format!("system/{}", request.system);
    let alone = [
        check.alone("flow.declared", &of, flow_declared)?,
        check.alone("incident.containment", &of, containment)?,
    ];
    check.used.push(alone.into());
    let sign_in = check.sign_in(request);
    let (care, break_glass) = check.relation(request)?;
    Ok(Parties {
        facts,
        entities: check.entities,
        dates_ms: check.dates_ms,
        flow_declared: flow_declared.is_some_and(|fact| fact.value),
        contained: containment
            .is_none_or(|fact| !matches!(fact.value, crate::facts::Containment::Open)),
        sign_in,
        care,
        break_glass,
        used: check.used,
    })
}

struct Check<'a> {
    snapshot_as_of: Timestamp,
    now: Timestamp,
    entities: Vec<&'a cedar_policy::Entity>,
    dates_ms: Vec<&'a [i64]>,
    used: Vec<Arc<[FactUsed]>>,
}

impl<'a> Check<'a> {
    fn group<T>(
        &mut self,
        kind: &'static str,
        id: &str,
        group: Option<&'a Prepared<T>>,
        id_of: fn(&T) -> &String,
    ) -> Result<(), FactFault> {
        let of = || format!("{kind}/{id}");
        let group = group
            .filter(|group| id_of(group) == id)
            .ok_or_else(|| FactFault::missing(kind, &of()))?;
        if let Some(name) = group.missing {
            return Err(FactFault::missing(name, &of()));
        }
        for (position, (name, freshness)) in group.freshness.iter().enumerate() {
            if !freshness.holds(self.snapshot_as_of, self.now) {
                let source = group.used.get(position).map_or("", |fact| &fact.source);
                return Err(FactFault::stale(name, source));
            }
        }
        let entity = group
            .entity
            .as_ref()
            .ok_or_else(|| FactFault::missing(kind, &of()))?;
        self.entities.push(entity);
        self.dates_ms.push(&group.numbers);
        self.used.push(Arc::clone(&group.used));
        Ok(())
    }

    /// What a token proves, else what the person's record says. Nobody is nobody.
    fn sign_in(&mut self, request: &Request<'_>) -> SignIn {
        let unknown = SignIn {
            level: 0,
            age_s: u64::MAX,
        };
        match (request.person, request.sign_in) {
            (None, _) => unknown,
            (Some(_), Some(proved)) => {
                let one = |name, value: String| FactUsed {
                    name,
                    value: value.into(),
                    source: "token".into(),
                    version: 0,
                    until: None,
                };
                let level = one("sign_in.mfa_level", proved.level.to_string());
                let age = one("sign_in.mfa_age_s", proved.age_s.to_string());
                self.used.push([level, age].into());
                proved
            }
            (Some(_), None) => {
                let person = request.facts.person.as_ref();
                let level = person.and_then(|person| person.mfa_level.as_ref());
                SignIn {
                    level: level.map_or(0, |fact| fact.value),
                    ..unknown
                }
            }
        }
    }

    /// What the person is to the patient, when the call names both.
    fn relation(&mut self, request: &Request<'_>) -> Result<(Care, bool), FactFault> {
        let (Some(person), Some(_)) = (request.person, request.patient) else {
            return Ok((Care::NotAsked, false));
        };
        let facts = request.facts;
        let of = format!("person/{person}");
        let relation = [
            self.alone("care.relationship", &of, facts.care.as_ref())?,
            self.alone("break_glass.active", &of, facts.break_glass.as_ref())?,
        ];
        self.used.push(relation.into());
        let open = |fact: &Fact<BreakGlass>| match fact.value {
            BreakGlass::NotOpen => false,
            BreakGlass::Open { until } => self.now < until,
        };
        let authority = facts
            .person
            .as_ref()
            .and_then(|person| person.break_glass.as_ref())
            .is_some_and(|fact| fact.value);
        let broken = request.purpose.code() == BREAK_GLASS
            && authority
            && facts.break_glass.as_ref().is_some_and(open);
        let care = facts.care.as_ref().map_or(Care::Missing, |fact| fact.value);
        Ok((care, broken))
    }

    fn alone<T: FactValue>(
        &self,
        name: &'static str,
        of: &str,
        fact: Option<&Fact<T>>,
    ) -> Result<FactUsed, FactFault> {
        let fact = fact.ok_or_else(|| FactFault::missing(name, of))?;
        if !Freshness::of(fact).holds(self.snapshot_as_of, self.now) {
            return Err(FactFault::stale(name, &fact.source));
        }
        Ok(used(name, fact))
    }
}

/// The labels of the data, kept with the facts so that the ledger says what was found in the text.
fn labels_used(request: &Request<'_>) -> Option<Arc<[FactUsed]>> {
    let codes: Vec<&str> = request
        .labels
        .codes()
        .iter()
        .map(|label| label.code)
        .collect();
    if codes.is_empty() {
        return None;
    }
    let used = FactUsed {
        name: "data.labels",
        value: codes.join(" ").into(),
        source: "labelling-step".into(),
        version: 1,
        until: None,
    };
    Some([used].into())
}

/// The patient's answer, or the ruling that refuses.
fn ask_patient(
    request: &Request<'_>,
    break_glass: bool,
    consents: &[Consent],
    domain: &ConsentDomain,
    now: Timestamp,
) -> Result<(ConsentBasis, Vec<Step>), Option<Ruling>> {
    let patient = match request.patient {
        None => return Ok((ConsentBasis::NoPatient, Vec::new())),
        Some(Subject::Unknown) => return Err(None),
        Some(Subject::Known(patient)) => patient,
    };
    let question = Question {
        patient,
        actors: request.actors,
        purpose: request.purpose.into(),
        ai: Purpose::inference().map(Into::into),
        actions: consent::CALL_ACTIONS,
        break_glass,
        data: &[consent::Data::text(request.labels)],
    };
    let ruling = consent::judge(&question, consents, domain, now);
    match ruling.basis() {
        Some(basis) => Ok((basis, ruling.steps)),
        // An emergency that was opened, alerted and will be reviewed passes what the patient
        // agreed to, and nothing else. What the consents say stays in the steps.
        None if break_glass => Ok((ConsentBasis::Default(BREAK_GLASS_BASIS), ruling.steps)),
        None => Err(Some(ruling)),
    }
}

/// One answer for every reason, so that it does not tell whether the patient is known.
fn deny_consent(
    request: &Request<'_>,
    parties: Parties<'_>,
    permitting: Vec<Arc<str>>,
    policies: &Policies,
    ruling: Option<Ruling>,
) -> Denial {
    let (consents, steps) = match ruling {
        Some(ruling) => (ruling.deciding, ruling.steps),
        None => (Vec::new(), vec![Step::unknown_patient()]),
    };
    Denial(Box::new(Refused {
        call: request.call,
        gate: Gate::Consent,
        code: "consent.denied".into(),
        message: CONSENT_MESSAGE.to_owned(),
        hint: CONSENT_HINT.into(),
        source: "consent".into(),
        policies: permitting,
        policy_hash: policies.hash(),
        consents,
        facts: parties.used,
        steps,
    }))
}

const BREAK_GLASS: &str = "BTG";
/// What the ledger names in place of a default when emergency access passed the consents.
const BREAK_GLASS_BASIS: &str = "break-glass";
pub(crate) const CONSENT_MESSAGE: &str =
    "no consent on file permits this use of the patient's data";
pub(crate) const CONSENT_HINT: &str = "check the patient reference and the purpose; ask the privacy officer what the patient agreed to";
pub(crate) const MISSING_HINT: &str =
    "complete the record; a call is never passed on a fact that is not there";
pub(crate) const STALE_HINT: &str =
    "check that the store can be read and that probes run; `wardgate doctor` shows which do not";
