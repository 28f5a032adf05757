//! Reads the declared kinds from YAML groups.

mod system;

use std::str::FromStr as _;

use wardgate_authz::{ConflictRule, DefaultPolicy, Purpose, ROLES, VendorState};

use super::fields::{Day, Fields, Findings, nearest};
use super::yaml::{Content, Node};
use super::{Declared, Link, clients};
use crate::fault::Place;
use crate::record::{
    Acts, Agreement, AgreementKind, App, AppState, CallLimits, CareRelationship, Flow, FlowState,
    Person, PersonState, PolicyFile, Settings, Training, Vendor,
};

/// Reads one document. What it declares is told even when it is faulty, so that references to
/// it are not faults of their own.
pub(super) fn read(node: &Node, findings: &Findings) -> Option<Declared> {
    let fields = Fields::of(node, String::new(), findings)?;
    let kind = fields.text("kind", NAME_CHARS_MAX)?;
    let read = KINDS.iter().find(|(name, _)| *name == kind);
    let Some((_, read)) = read else {
        let names: Vec<_> = KINDS.iter().map(|(name, _)| *name).collect();
        let hint = nearest(&kind, &names).map_or_else(
            || format!("known kinds are {}", names.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        fields.fault("kind", "this kind of record is not known", hint);
        return None;
    };
    read(&fields)
}

type Read = fn(&Fields<'_>) -> Option<Declared>;

const KINDS: &[(&str, Read)] = &[
    ("Vendor", vendor),
    ("System", system::system),
    ("App", app),
    ("Person", person),
    ("Flow", flow),
    ("Policy", policy),
    ("Settings", settings),
];

fn vendor(fields: &Fields<'_>) -> Option<Declared> {
    let id = fields.id("id");
    let name = fields.text("name", NAME_CHARS_MAX);
    let states = VendorState::ALL.iter().map(|state| (state.word(), *state));
    let state = fields.word("state", &states.collect::<Vec<_>>(), None);
    let region = fields.token("region");
    let group = fields.group("agreement");
    let agreement = group.as_ref().and_then(agreement);
    let whole = fields.end().is_some() && (group.is_none() || agreement.is_some());
    let mut declared = Declared::stub("vendor", id?, fields.place("id"));
    if whole {
        declared.set(
            &Vendor {
                id: declared.id.clone(),
                name: name?,
                state: state?,
                region: region?,
                agreement,
            },
            Vec::new(),
        );
    }
    Some(declared)
}

fn agreement(fields: &Fields<'_>) -> Option<Agreement> {
    let kind = fields.word(
        "kind",
        &[
            ("baa", AgreementKind::Baa),
            ("dpa", AgreementKind::Dpa),
            ("internal", AgreementKind::Internal),
        ],
        None,
    );
    let effective = fields.time("effective", Day::Begins);
    let expires = fields.time("expires", Day::Ends);
    if let (Some(effective), Some(expires)) = (effective, expires)
        && expires <= effective
    {
        fields.fault(
            "expires",
            "the agreement expires before it is effective",
            "check both dates",
        );
    }
    fields.end()?;
    Some(Agreement {
        kind: kind?,
        effective: effective?,
        expires: expires?,
    })
}

fn app(fields: &Fields<'_>) -> Option<Declared> {
    let id = fields.id("id");
    let name = fields.text("name", NAME_CHARS_MAX);
    let state = fields.word(
        "state",
        &[
            ("active", AppState::Active),
            ("suspended", AppState::Suspended),
        ],
        Some(AppState::Active),
    );
    let acts = fields.word(
        "acts",
        &[
            ("for_people", Acts::ForPeople),
            ("autonomously", Acts::Autonomously),
        ],
        None,
    );
    let systems = fields.ids("systems");
    let group = fields.group("limits");
    let limits = group.as_ref().map_or_else(|| Some(LIMITS_DEFAULT), limits);
    let operations = clients::operations(fields);
    let clients = clients::read(fields);
    let whole = fields.end();
    let mut declared = Declared::stub("app", id?, fields.place("id"));
    if whole.is_some() {
        let links = systems
            .iter()
            .map(|system| Link::new("system", system.clone(), fields.place("systems")))
            .collect();
        declared.set(
            &App {
                id: declared.id.clone(),
                name: name?,
                state: state?,
                acts: acts?,
                systems,
                limits: limits?,
                operations,
                clients: clients?,
            },
            links,
        );
    }
    Some(declared)
}

fn limits(fields: &Fields<'_>) -> Option<CallLimits> {
    let calls_per_minute = fields.number(
        "calls_per_minute",
        COUNT_MAX,
        LIMITS_DEFAULT.calls_per_minute,
    );
    let burst = fields.number("burst", COUNT_MAX, LIMITS_DEFAULT.burst);
    let concurrent = fields.number("concurrent", COUNT_MAX, LIMITS_DEFAULT.concurrent);
    fields.end()?;
    Some(CallLimits {
        calls_per_minute: calls_per_minute?,
        burst: burst?,
        concurrent: concurrent?,
    })
}

fn person(fields: &Fields<'_>) -> Option<Declared> {
    let id = fields.id("id");
    let name = fields.secret("name");
    let state = fields.word(
        "state",
        &[
            ("active", PersonState::Active),
            ("suspended", PersonState::Suspended),
        ],
        Some(PersonState::Active),
    );
    let roles = fields.tokens("roles");
    for role in &roles {
        if !ROLES.contains(&role.as_str()) {
            fields.warn(
                "roles",
                format!("the default policies do not know the role `{role}`"),
                format!(
                    "they know {}; a policy of your own may know others",
                    ROLES.join(", ")
                ),
            );
        }
    }
    let mfa = fields.number("mfa", MFA_LEVEL_MAX, 0_u8);
    let break_glass = fields.flag("break_glass", false);
    let mut trainings: Vec<Training> = Vec::new();
    for group in fields.groups("trainings") {
        let Some(training) = training(&group) else {
            continue;
        };
        if trainings
            .iter()
            .any(|other| other.course == training.course)
        {
            group.fault(
                "course",
                "this course stands here twice",
                "keep the one that expires later",
            );
            continue;
        }
        trainings.push(training);
    }
    trainings.sort_unstable_by(|a, b| a.course.cmp(&b.course));
    let identities = clients::identities(fields);
    let whole = fields.end();
    let mut declared = Declared::stub("person", id?, fields.place("id"));
    if whole.is_some() {
        declared.set(
            &Person {
                id: declared.id.clone(),
                state: state?,
                roles,
                mfa: mfa?,
                break_glass: break_glass?,
                trainings,
                identities,
            },
            Vec::new(),
        );
        declared.secret = name;
    }
    Some(declared)
}

fn training(fields: &Fields<'_>) -> Option<Training> {
    let course = fields.token("course");
    let expires = fields.time("expires", Day::Ends);
    fields.end()?;
    Some(Training {
        course: course?,
        expires: expires?,
    })
}

fn flow(fields: &Fields<'_>) -> Option<Declared> {
    let app = fields.id("app");
    let system = fields.id("system");
    let purpose = fields.token("purpose");
    if let Some(code) = &purpose
        && Purpose::from_str(code).is_err()
    {
        fields.fault("purpose", "this purpose is not known", PURPOSE_HINT);
    }
    let data_class = fields.token("data_class");
    let recipient = fields.id("recipient");
    let region = fields.token("region");
    let state = fields.word(
        "state",
        &[
            ("declared", FlowState::Declared),
            ("withdrawn", FlowState::Withdrawn),
        ],
        Some(FlowState::Declared),
    );
    fields.end()?;
    let flow = Flow {
        app: app?,
        system: system?,
        purpose: purpose?,
        data_class: data_class?,
        recipient: recipient?,
        region: region?,
        state: state?,
    };
    let links = vec![
        Link::new("app", flow.app.clone(), fields.place("app")),
        Link::new("system", flow.system.clone(), fields.place("system")),
        Link::new("vendor", flow.recipient.clone(), fields.place("recipient")),
    ];
    if flow.id().len() > FLOW_ID_BYTES_MAX {
        fields.fault(
            "app",
            "the parts of this flow are too long together",
            "use shorter ids",
        );
        return None;
    }
    let mut declared = Declared::stub("flow", flow.id(), fields.place("app"));
    declared.set(&flow, links);
    Some(declared)
}

fn policy(fields: &Fields<'_>) -> Option<Declared> {
    let id = fields.id("id");
    let node = fields.node("cedar");
    let cedar = match node.map(|node| &node.content) {
        Some(Content::Text(text)) => Some(text.clone()),
        Some(other) => {
            fields.fault(
                "cedar",
                format!("expected Cedar policies in `cedar`, found {}", other.what()),
                "write `cedar: |` and the policies indented below it",
            );
            None
        }
        None => {
            fields.fault(
                "cedar",
                "the field `cedar` is missing",
                "write `cedar: |` and the policies indented below it; `cedar: \"\"` withdraws the file",
            );
            None
        }
    };
    let whole = fields.end();
    let mut declared = Declared::stub("policy", id?, fields.place("id"));
    if whole.is_some() {
        let cedar = cedar?;
        declared.cedar = Some((cedar.clone(), fields.place("cedar")));
        declared.set(
            &PolicyFile {
                id: declared.id.clone(),
                cedar,
            },
            Vec::new(),
        );
    }
    Some(declared)
}

fn settings(fields: &Fields<'_>) -> Option<Declared> {
    let otherwise = Settings::default();
    let consent_default = fields.word(
        "consent_default",
        &[
            ("deny", DefaultPolicy::Deny),
            ("basic_normal", DefaultPolicy::BasicNormal),
            ("all_normal", DefaultPolicy::AllNormal),
            ("break_glass_only", DefaultPolicy::BreakGlassOnly),
        ],
        Some(otherwise.consent_default),
    );
    let consent_conflict = fields.word(
        "consent_conflict",
        &[
            ("deny_overrides", ConflictRule::DenyOverrides),
            ("most_recent", ConflictRule::MostRecent),
        ],
        Some(otherwise.consent_conflict),
    );
    let consent_explicit_labels = fields.tokens("consent_explicit_labels");
    let fact_age_max_ms = fields.number(
        "fact_age_max_ms",
        FACT_AGE_MAX_MS_MAX,
        otherwise.fact_age_max_ms,
    );
    let training = match fields.node("training") {
        Some(_) => fields.token("training"),
        None => Some(otherwise.training),
    };
    let care_relationship = fields.word(
        "care_relationship",
        &[
            ("required", CareRelationship::Required),
            ("off", CareRelationship::Off),
        ],
        Some(otherwise.care_relationship),
    );
    if fact_age_max_ms.is_some_and(|age| age < FACT_AGE_MAX_MS_MIN) {
        fields.fault(
            "fact_age_max_ms",
            "facts would be too old before they can be read again",
            format!("use at least {FACT_AGE_MAX_MS_MIN}"),
        );
    }
    fields.end()?;
    let mut declared = Declared::stub("settings", "hospital".to_owned(), fields.place("kind"));
    declared.set(
        &Settings {
            consent_default: consent_default?,
            consent_conflict: consent_conflict?,
            consent_explicit_labels,
            fact_age_max_ms: fact_age_max_ms?,
            training: training?,
            care_relationship: care_relationship?,
        },
        Vec::new(),
    );
    Some(declared)
}

fn purposes(fields: &Fields<'_>, name: &'static str) -> Vec<String> {
    let codes = fields.tokens(name);
    for code in &codes {
        if Purpose::from_str(code).is_err() {
            fields.fault(
                name,
                format!("the purpose `{code}` is not known"),
                PURPOSE_HINT,
            );
        }
    }
    codes
}

/// Where a line of a policy text, from 1, stands in its file. The place of a block of text is
/// its first line, below the field.
pub(crate) fn place_in_cedar(text: &Place, line: u32) -> Place {
    Place {
        line: text.line.saturating_add(line.saturating_sub(1)),
        column: 0,
        ..text.clone()
    }
}

const LIMITS_DEFAULT: CallLimits = CallLimits {
    calls_per_minute: 600,
    burst: 60,
    concurrent: 32,
};
const NAME_CHARS_MAX: usize = 200;
const COUNT_MAX: i64 = 1_000_000;
const MFA_LEVEL_MAX: i64 = 3;
const FLOW_ID_BYTES_MAX: usize = 190;
const FACT_AGE_MAX_MS_MIN: u64 = 1_000;
const FACT_AGE_MAX_MS_MAX: i64 = 600_000;
const PURPOSE_HINT: &str =
    "use an HL7 v3 PurposeOfUse code such as `TREAT`, or `AI-INFERENCE` or `AI-TRAINING`";
