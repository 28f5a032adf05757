//! Events that no profile of the patterns describes, in the codes of DICOM.

use serde_json::{Value, json};

use super::Known;
use super::coding::{Agent, DCM, LIFECYCLE, coding, frame, observer, reference};
use crate::events::EventKind;
use crate::projection::Proven;

pub(super) fn event(known: &Known<'_>) -> Value {
    let shape = shape(known.event.kind);
    let mut resource = known.resource(None, "");
    let (system, code, display) = shape.kind;
    resource.set("type", coding(system, code, display));
    let (system, code, display) = shape.subtype;
    resource.list("subtype", vec![coding(system, code, display)]);
    resource.set("action", shape.action.into());
    resource.set("outcome", shape.outcome.into());
    let said = ["code", "reason"]
        .iter()
        .find_map(|name| known.event.text(name));
    if let Some(said) = said {
        resource.set("outcomeDesc", said.into());
    }
    let mut agents = vec![known.node(coding(DCM, "110150", "Application"))];
    if let Some(app) = known.event.text("app") {
        let kind = coding(DCM, "110150", "Application");
        agents.push(
            Agent::of(kind, reference("Device", "app", app))
                .named(app)
                .unlocated(),
        );
    }
    if let Some(person) = known.event.text("person") {
        agents.push(known.user(person));
    }
    resource.agents(agents);
    let mut entities = Vec::new();
    if let Some(handle) = known.event.text("patient") {
        entities.push(super::patient(handle));
    }
    let named = [
        "access",
        "key",
        "credential",
        "link",
        "session",
        "hold",
        "backup",
        "boot",
        "class",
        "dataset",
        "budget",
        "name",
        "manifest",
        "output",
        "after",
        "proposal",
    ];
    if let Some(id) = named.iter().find_map(|name| known.event.text(name)) {
        entities.push(known.data_entity(id));
    }
    resource.list("entity", entities);
    resource.0
}

/// An entry of a newer program: its bytes and their proof, and nothing that could be wrong.
pub(super) fn unknown(entry: &Proven<'_>) -> Value {
    let mut resource = frame(entry);
    resource.set("type", coding(DCM, "110100", "Application Activity"));
    resource.set("recorded", "1970-01-01T00:00:00Z".into());
    resource.set(
        "agent",
        json!([{"who": observer(entry), "requestor": false}]),
    );
    resource.0
}

type Code = (&'static str, &'static str, &'static str);

struct Shape {
    kind: Code,
    subtype: Code,
    action: &'static str,
    outcome: &'static str,
}

fn shape(kind: EventKind) -> Shape {
    use EventKind as Kind;
    match kind {
        Kind::IdentityRefused => of(AUTHENTICATION, (DCM, "110122", "Login"), "E", "4"),
        Kind::TokenIssued => of(AUTHENTICATION, (DCM, "110122", "Login"), "E", "0"),
        Kind::KeyCreated | Kind::KeyRevoked => {
            let changed = (DCM, "110137", "User Security Attributes Changed");
            of(ALERT, changed, "U", "0")
        }
        Kind::SessionStarted => of(AUTHENTICATION, (DCM, "110122", "Login"), "E", "0"),
        Kind::SessionEnded => of(AUTHENTICATION, (DCM, "110123", "Logout"), "E", "0"),
        Kind::CredentialAdded | Kind::CredentialRemoved | Kind::EnrolmentIssued => {
            let changed = (DCM, "110137", "User Security Attributes Changed");
            of(ALERT, changed, "U", "0")
        }
        Kind::AccessDenied => {
            let restricted = (DCM, "110132", "Use of Restricted Function");
            of(ALERT, restricted, "E", "4")
        }
        Kind::GatewayStarted => of(APPLICATION, (DCM, "110120", "Application Start"), "E", "0"),
        Kind::GatewayStopped => of(APPLICATION, (DCM, "110121", "Application Stop"), "E", "0"),
        Kind::StorageFault | Kind::StorageFull => of(ALERT, STOPPED, "E", "12"),
        Kind::VaultSealed => of(ALERT, STOPPED, "E", "8"),
        Kind::LedgerResumed | Kind::VaultUnsealed => of(ALERT, STARTED, "E", "0"),
        Kind::LedgerExported => lifecycle(LOG_USED, "extract", "R"),
        Kind::LedgerPruned => lifecycle(LOG_USED, "destroy", "D"),
        Kind::BackupMade => lifecycle(LOG_USED, "archive", "R"),
        Kind::BackupRestored => lifecycle(LOG_USED, "restore", "E"),
        Kind::HoldPlaced => lifecycle(ALERT, "hold", "U"),
        Kind::HoldReleased => lifecycle(ALERT, "unhold", "U"),
        Kind::BreakGlassOpened => {
            let started = (DCM, "110127", "Emergency Override Started");
            of(ALERT, started, "E", "0")
        }
        Kind::BreakGlassReviewed => {
            let stopped = (DCM, "110138", "Emergency Override Stopped");
            of(ALERT, stopped, "E", "0")
        }
        Kind::DatasetReleased => lifecycle(EXPORT, "disclose", "R"),
        Kind::DatasetRefused => of(EXPORT, (LIFECYCLE, "disclose", ""), "R", "4"),
        Kind::DatasetDeidentified => lifecycle(EXPORT, "deidentify", "R"),
        Kind::AnchorLost | Kind::ClockAnomaly | Kind::ForkDeclared => of(ALERT, SECURITY, "E", "4"),
        _ => of(ALERT, SECURITY, "U", "0"),
    }
}

const fn of(kind: Code, subtype: Code, action: &'static str, outcome: &'static str) -> Shape {
    Shape {
        kind,
        subtype,
        action,
        outcome,
    }
}

/// A step in the life of the log itself, in the codes of ISO 21089.
const fn lifecycle(kind: Code, code: &'static str, action: &'static str) -> Shape {
    of(kind, (LIFECYCLE, code, ""), action, "0")
}

const APPLICATION: Code = (DCM, "110100", "Application Activity");
const LOG_USED: Code = (DCM, "110101", "Audit Log Used");
const EXPORT: Code = (DCM, "110106", "Export");
const ALERT: Code = (DCM, "110113", "Security Alert");
const AUTHENTICATION: Code = (DCM, "110114", "User Authentication");
const SECURITY: Code = (DCM, "110129", "Security Configuration");
const STOPPED: Code = (DCM, "110133", "Audit Recording Stopped");
const STARTED: Code = (DCM, "110134", "Audit Recording Started");
