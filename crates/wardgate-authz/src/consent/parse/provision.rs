//! Provisions: each with what it inherits, nested to any depth that anybody needs.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::values::{is_reference, list, object_of, text_of, unknown, unversioned};
use super::{PROVISION_DEPTH_MAX, PROVISIONS_MAX};
use crate::consent::instant::Stretch;
use crate::consent::labels::LabelLimit;
use crate::consent::rule::{
    Actor, Code, DataLimit, Kind, Named, Period, Rule, Scope, Told, Wanted,
};
use crate::consent::tell;
use crate::consent::{Coding, systems};

/// The rules of a consent. A base of the other kind is the outermost rule, and the provision an
/// exception to it; a base of the same kind, or none of its own, is what the provision is.
pub(super) fn read(
    provision: Option<&Map<String, Value>>,
    base: Option<Kind>,
) -> Result<Rule, &'static str> {
    let mut reader = Reader { count: 0 };
    let Some(provision) = provision else {
        let base = base.ok_or("it has no provision that says what is permitted")?;
        return Ok(Rule::bare(Some(base)));
    };
    let stated = kind_of(provision)?;
    let mut rule = reader.rule(provision, &Scope::default(), &[], stated.or(base))?;
    // The period of the root says when the whole consent is in force, and was looked at for that.
    rule.forget_period();
    match (base, stated) {
        (Some(base), Some(stated)) if base != stated => {
            let mut outermost = Rule::bare(Some(base));
            outermost.exceptions.push(rule);
            Ok(outermost)
        }
        _ => Ok(rule),
    }
}

/// The period of a provision under one of its names; `None` when it states none.
pub(super) fn period_of(provision: &Map<String, Value>, name: &str) -> Option<Period> {
    let period = match provision.get(name)? {
        Value::Object(period) if unknown(period, PERIOD_KNOWN).is_none() => period,
        _ => return Some(Period::Unreadable),
    };
    let read = |name: &str| match period.get(name) {
        None => Some(None),
        Some(Value::String(text)) => Stretch::parse(text).map(Some),
        Some(_) => None,
    };
    Some(match (read("start"), read("end")) {
        (Some(Some(start)), Some(Some(end))) if end.until <= start.from => Period::Unreadable,
        (Some(start), Some(end)) => Period::Between {
            from: start.map(|start| start.from),
            until: end.map(|end| end.until),
        },
        _ => Period::Unreadable,
    })
}

struct Reader {
    count: usize,
}

impl Reader {
    fn rule(
        &mut self,
        provision: &Map<String, Value>,
        inherited: &Scope,
        place: &[usize],
        kind: Option<Kind>,
    ) -> Result<Rule, &'static str> {
        self.count += 1;
        if place.len() > PROVISION_DEPTH_MAX {
            return Err("its exceptions are nested too deep");
        }
        if self.count > PROVISIONS_MAX {
            return Err("it has too many rules");
        }
        if let Some(why) = unknown(provision, PROVISION_KNOWN) {
            return Err(why);
        }
        let scope = scope_of(provision, inherited)?;
        let mut exceptions = Vec::new();
        if let Some(nested) = provision.get("provision") {
            let nested = list(nested).ok_or("its exceptions are not understood")?;
            for (position, nested) in nested.iter().enumerate() {
                let nested = nested
                    .as_object()
                    .ok_or("its exceptions are not understood")?;
                let place: Vec<usize> = place.iter().copied().chain([position + 1]).collect();
                exceptions.push(self.rule(nested, &scope, &place, kind_of(nested)?)?);
            }
        }
        let told = Told {
            name: tell::name(place),
            words: tell::words(kind, &scope),
        };
        Ok(Rule {
            kind,
            scope,
            exceptions,
            told: Arc::new(told),
        })
    }
}

fn kind_of(provision: &Map<String, Value>) -> Result<Option<Kind>, &'static str> {
    match provision.get("type") {
        None => Ok(None),
        Some(Value::String(kind)) if kind == "permit" => Ok(Some(Kind::Permit)),
        Some(Value::String(kind)) if kind == "deny" => Ok(Some(Kind::Deny)),
        Some(_) => Err("its type is neither permit nor deny"),
    }
}

/// What a provision states, and for the kinds that it does not state what its parent says.
fn scope_of(provision: &Map<String, Value>, inherited: &Scope) -> Result<Scope, &'static str> {
    let mut scope = inherited.clone();
    let each = |name: &str| {
        provision
            .get(name)
            .map(|value| list(value).unwrap_or_default())
    };
    if let Some(period) = period_of(provision, "period") {
        scope.period = Some(period);
    }
    if let Some(dates) = period_of(provision, "dataPeriod") {
        scope.dates = Some(dates);
    }
    if let Some(actors) = each("actor") {
        scope.actors = Some(all(
            actors,
            actor,
            Actor::Unclear("its actors are not understood"),
        )?);
    }
    if let Some(purposes) = each("purpose") {
        let unclear = Wanted::Unclear("its purposes are not understood");
        scope.purposes = Some(all(purposes, |value| Ok(purpose(value)), unclear)?);
    }
    if let Some(classes) = each("class") {
        let unclear = Named::Unclear("its classes are not understood");
        scope.classes = Some(all(classes, |value| Ok(named(value)), unclear)?);
    }
    if let Some(data) = each("data") {
        let unclear = DataLimit::Unclear("the data it names is not understood");
        scope.data = Some(all(data, data_limit, unclear)?);
    }
    for (name, kind) in [("action", &mut scope.actions), ("code", &mut scope.codes)] {
        if let Some(concepts) = each(name) {
            *kind = Some(concepts.iter().flat_map(concept).collect());
            if concepts.is_empty() {
                *kind = Some([Named::Unclear("an element of it is not understood")].into());
            }
        }
    }
    if let Some(labels) = each("securityLabel") {
        scope.labels = Some(Arc::new(label_limit(labels)));
    }
    Ok(scope)
}

/// Every entry read; a list that is there and empty is not understood.
fn all<T>(
    values: &[Value],
    read: impl Fn(&Value) -> Result<T, &'static str>,
    empty: T,
) -> Result<Arc<[T]>, &'static str> {
    if values.is_empty() {
        return Ok([empty].into());
    }
    values.iter().map(read).collect()
}

fn actor(value: &Value) -> Result<Actor, &'static str> {
    let Some(actor) = value.as_object() else {
        return Ok(Actor::Unclear("an actor is not understood"));
    };
    if let Some(why) = unknown(actor, ACTOR_KNOWN) {
        return Err(why);
    }
    let codings = object_of(actor, "role")
        .and_then(|role| role.get("coding"))
        .and_then(list)
        .unwrap_or_default();
    let receives = codings.iter().filter_map(Value::as_object).any(|coding| {
        text_of(coding, "system")
            .is_some_and(|system| systems::known(system) == systems::PARTICIPATION)
            && text_of(coding, "code").is_some_and(|code| RECIPIENTS.contains(&code))
    });
    if !receives {
        return Ok(Actor::Unclear("an actor's role is not that of a recipient"));
    }
    let reference = object_of(actor, "reference")
        .and_then(|reference| text_of(reference, "reference"))
        .map(unversioned);
    Ok(match reference {
        Some(one) if is_reference(one, ACTORS) => Actor::One(one.to_owned()),
        Some(group) if is_reference(group, GROUPS) => Actor::Member(group.to_owned()),
        _ => Actor::Unclear("an actor is not named by type and id"),
    })
}

fn purpose(value: &Value) -> Wanted {
    match named(value) {
        Named::Code(Code { system, code }) => tell::purpose(Coding {
            system: &system,
            code: &code,
        }),
        Named::Unclear(_) => Wanted::Unclear("a purpose has no system or no code"),
    }
}

/// One Coding.
fn named(value: &Value) -> Named {
    let part = |name| {
        let coding = value.as_object()?;
        text_of(coding, name).filter(|text| !text.is_empty())
    };
    match (part("system"), part("code")) {
        (Some(system), Some(code)) => Named::Code(Code {
            system: systems::known(system).to_owned(),
            code: code.to_owned(),
        }),
        _ => Named::Unclear("a code it names has no system or no code"),
    }
}

/// Every coding of a CodeableConcept: they mean the same, so any of them will do.
fn concept(value: &Value) -> Vec<Named> {
    let codings = value
        .as_object()
        .and_then(|concept| concept.get("coding"))
        .and_then(list)
        .unwrap_or_default();
    if codings.is_empty() {
        return vec![Named::Unclear("a code it names is only given in words")];
    }
    codings.iter().map(named).collect()
}

fn label_limit(labels: &[Value]) -> LabelLimit {
    let mut limit = LabelLimit::default();
    for label in labels {
        match named(label) {
            Named::Code(Code { system, code }) => limit.add(&system, &code),
            Named::Unclear(_) => limit.add_unclear("a label it names has no system or no code"),
        }
    }
    if labels.is_empty() {
        limit.add_unclear("its labels are not understood");
    }
    limit
}

fn data_limit(value: &Value) -> Result<DataLimit, &'static str> {
    const UNCLEAR: DataLimit = DataLimit::Unclear("the data it names is not understood");
    let Some(data) = value.as_object() else {
        return Ok(UNCLEAR);
    };
    if let Some(why) = unknown(data, DATA_KNOWN) {
        return Err(why);
    }
    let reference = object_of(data, "reference")
        .and_then(|reference| text_of(reference, "reference"))
        .map(unversioned)
        .filter(|reference| is_local(reference));
    Ok(match (text_of(data, "meaning"), reference) {
        (Some("instance"), Some(to)) => DataLimit::Instance(to.to_owned()),
        (Some("related" | "dependents"), Some(to)) => DataLimit::Related(to.to_owned()),
        (Some("authoredby"), Some(to)) => DataLimit::AuthoredBy(to.to_owned()),
        _ => UNCLEAR,
    })
}

/// `Type/id`, whatever the type.
fn is_local(reference: &str) -> bool {
    reference.split_once('/').is_some_and(|(kind, _)| {
        kind.bytes().all(|byte| byte.is_ascii_alphabetic()) && is_reference(reference, &[kind])
    })
}

const RECIPIENTS: &[&str] = &["IRCP", "PRCP", "TRC", "REFT", "REFB", "NOT"];
const ACTORS: &[&str] = &[
    "Practitioner",
    "Organization",
    "Device",
    "Patient",
    "RelatedPerson",
];
/// Who belongs to these is known from elsewhere, or not at all.
const GROUPS: &[&str] = &["Group", "CareTeam", "PractitionerRole"];

const PROVISION_KNOWN: &[&str] = &[
    "id",
    "extension",
    "type",
    "period",
    "actor",
    "action",
    "securityLabel",
    "purpose",
    "class",
    "code",
    "dataPeriod",
    "data",
    "provision",
];
const ACTOR_KNOWN: &[&str] = &["id", "extension", "role", "reference"];
const DATA_KNOWN: &[&str] = &["id", "extension", "meaning", "reference"];
const PERIOD_KNOWN: &[&str] = &["id", "extension", "start", "end"];
