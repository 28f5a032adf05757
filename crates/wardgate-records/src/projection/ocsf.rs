//! Events of the Open Cybersecurity Schema Framework, version 1.3.0.

use serde_json::{Map, Value, json};

use super::{Call, Proven};
use crate::events::{EventKind, StoredEvent};

pub(super) fn event(entry: &Proven<'_>, event: Option<&StoredEvent>, call: Option<&Call>) -> Value {
    let shape = event.map_or(UNKNOWN, shape);
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| {
        members.insert(name.to_owned(), value);
    };
    put("class_uid", shape.class.into());
    put("category_uid", (shape.class / 1000).into());
    put("activity_id", shape.activity.into());
    put("activity_name", shape.name.into());
    put(
        "type_uid",
        (u64::from(shape.class) * 100 + u64::from(shape.activity)).into(),
    );
    put("severity_id", shape.severity.into());
    put(
        "time",
        event.map_or(0, |event| event.at.as_millisecond()).into(),
    );
    put("metadata", metadata(entry, event));
    put("status_id", shape.status.into());
    if let Some(detail) = event.and_then(detail) {
        put("status_detail", detail.into());
    }
    put("raw_data", entry.text().into_owned().into());
    put("unmapped", unmapped(entry, event));
    if let Some(event) = event {
        match shape.class {
            API_ACTIVITY => members.extend(api_activity(event, call)),
            AUTHENTICATION => members.extend(authentication(entry, event)),
            ENTITY_MANAGEMENT => members.extend(entity_management(event)),
            APPLICATION_LIFECYCLE => members.extend(application(event)),
            _ => {}
        }
    }
    Value::Object(members)
}

/// How a kind of event is classed.
struct Shape {
    class: u32,
    activity: u32,
    name: &'static str,
    severity: u32,
    status: u32,
}

const fn shape_of(
    class: u32,
    activity: u32,
    name: &'static str,
    severity: u32,
    status: u32,
) -> Shape {
    Shape {
        class,
        activity,
        name,
        severity,
        status,
    }
}

fn shape(event: &StoredEvent) -> Shape {
    use EventKind as Kind;
    let created = event.text("change") == Some("created");
    match event.kind {
        Kind::CallIntent => shape_of(API_ACTIVITY, OTHER, "Call", INFORMATIONAL, SUCCESS),
        Kind::CallOutcome if event.text("status") == Some("answered") => {
            shape_of(API_ACTIVITY, OTHER, "Answer", INFORMATIONAL, SUCCESS)
        }
        Kind::CallOutcome => shape_of(API_ACTIVITY, OTHER, "Answer", LOW, FAILURE),
        Kind::CallRefused => shape_of(API_ACTIVITY, OTHER, "Refuse", MEDIUM, FAILURE),
        Kind::IdentityRefused => shape_of(AUTHENTICATION, 1, "Logon", MEDIUM, FAILURE),
        Kind::SessionStarted => shape_of(AUTHENTICATION, 1, "Logon", INFORMATIONAL, SUCCESS),
        Kind::SessionEnded => shape_of(AUTHENTICATION, 2, "Logoff", INFORMATIONAL, SUCCESS),
        Kind::AccessDenied => shape_of(API_ACTIVITY, OTHER, "Refuse", MEDIUM, FAILURE),
        Kind::RecordChanged if created => {
            shape_of(ENTITY_MANAGEMENT, 1, "Create", INFORMATIONAL, SUCCESS)
        }
        Kind::KeyCreated
        | Kind::HoldPlaced
        | Kind::BackupMade
        | Kind::CredentialAdded
        | Kind::EnrolmentIssued
        | Kind::ProposalMade
        | Kind::DatasetDeidentified
        | Kind::BudgetOpened => shape_of(ENTITY_MANAGEMENT, 1, "Create", INFORMATIONAL, SUCCESS),
        Kind::BreakGlassOpened => shape_of(API_ACTIVITY, OTHER, "Override", HIGH, SUCCESS),
        Kind::RecordChanged
        | Kind::PolicyChanged
        | Kind::RetentionSet
        | Kind::KeyRotated
        | Kind::ProposalDecided
        | Kind::BreakGlassReviewed
        | Kind::RollbackReviewed => {
            shape_of(ENTITY_MANAGEMENT, 3, "Update", INFORMATIONAL, SUCCESS)
        }
        Kind::PolicyRolledBack => shape_of(ENTITY_MANAGEMENT, 3, "Update", MEDIUM, SUCCESS),
        Kind::KeyRevoked | Kind::HoldReleased | Kind::CredentialRemoved => {
            shape_of(ENTITY_MANAGEMENT, 4, "Delete", LOW, SUCCESS)
        }
        Kind::PatientShredded | Kind::LedgerPruned => {
            shape_of(ENTITY_MANAGEMENT, 4, "Delete", MEDIUM, SUCCESS)
        }
        Kind::DatasetReleased => shape_of(ENTITY_MANAGEMENT, 2, "Read", MEDIUM, SUCCESS),
        Kind::DatasetRefused => shape_of(ENTITY_MANAGEMENT, 2, "Read", MEDIUM, FAILURE),
        Kind::BudgetSpent => shape_of(ENTITY_MANAGEMENT, 3, "Update", INFORMATIONAL, SUCCESS),
        Kind::LedgerExported => shape_of(ENTITY_MANAGEMENT, 2, "Read", INFORMATIONAL, SUCCESS),
        Kind::GatewayStarted => shape_of(APPLICATION_LIFECYCLE, 3, "Start", INFORMATIONAL, SUCCESS),
        Kind::GatewayStopped => shape_of(APPLICATION_LIFECYCLE, 4, "Stop", INFORMATIONAL, SUCCESS),
        Kind::StorageFault | Kind::StorageFull | Kind::ForkDeclared | Kind::VaultSealed => {
            shape_of(BASE_EVENT, OTHER, "Fault", HIGH, FAILURE)
        }
        Kind::AnchorLost | Kind::ClockAnomaly => {
            shape_of(BASE_EVENT, OTHER, "Fault", MEDIUM, FAILURE)
        }
        _ => shape_of(BASE_EVENT, OTHER, "Notice", INFORMATIONAL, SUCCESS),
    }
}

fn metadata(entry: &Proven<'_>, event: Option<&StoredEvent>) -> Value {
    let mut metadata = json!({
        "version": "1.3.0",
        "product": {"name": "Wardgate", "vendor_name": "Wardgate"},
        "log_name": entry.origin,
        "sequence": entry.index,
    });
    if let (Some(event), Some(metadata)) = (event, metadata.as_object_mut()) {
        metadata.insert("uid".to_owned(), event.id.to_string().into());
        metadata.insert("event_code".to_owned(), event.kind.as_str().into());
    }
    metadata
}

/// Where the entry stands and what proves it, and what has no place in the schema.
fn unmapped(entry: &Proven<'_>, event: Option<&StoredEvent>) -> Value {
    let mut unmapped = json!({
        "ledger": {
            "origin": entry.origin,
            "tree_size": entry.tree_size,
            "index": entry.index,
            "leaf_hash": entry.leaf_hash(),
            "proof": entry.path(),
        },
    });
    let patient = event.and_then(|event| event.text("patient"));
    if let (Some(patient), Some(unmapped)) = (patient, unmapped.as_object_mut()) {
        unmapped.insert("patient_handle".to_owned(), patient.into());
    }
    unmapped
}

fn detail(event: &StoredEvent) -> Option<&str> {
    ["code", "status", "reason"]
        .iter()
        .find_map(|name| event.text(name))
}

fn api_activity(event: &StoredEvent, call: Option<&Call>) -> Map<String, Value> {
    let call = call.cloned().unwrap_or_default();
    let record = event
        .text("call")
        .map_or_else(|| event.id.to_string(), str::to_owned);
    // The ledger holds no network address; the schema asks for one of several names.
    let app = call.app.as_deref().unwrap_or(NOT_KNOWN);
    let mut actor = Map::new();
    actor.insert("app_name".to_owned(), app.into());
    if let Some(person) = call.person.as_deref().or_else(|| event.text("person")) {
        actor.insert(
            "user".to_owned(),
            json!({"uid": person, "name": person, "type_id": 1}),
        );
    }
    let mut api = json!({
        "operation": event.text("operation").unwrap_or("call"),
        "service": {"name": call.system.as_deref().unwrap_or(NOT_KNOWN)},
        "request": {"uid": record},
    });
    if let (Some(status), Some(api)) = (event.number("http_status"), api.as_object_mut()) {
        api.insert("response".to_owned(), json!({"code": status}));
    }
    let mut members = Map::new();
    members.insert("actor".to_owned(), Value::Object(actor));
    members.insert("api".to_owned(), api);
    members.insert(
        "src_endpoint".to_owned(),
        json!({"name": app, "svc_name": app}),
    );
    if let Some(recipient) = &call.recipient {
        members.insert(
            "dst_endpoint".to_owned(),
            json!({"name": recipient, "svc_name": call.system}),
        );
    }
    members
}

fn authentication(entry: &Proven<'_>, event: &StoredEvent) -> Map<String, Value> {
    let user = match (event.text("person"), event.text("key")) {
        (Some(person), _) => json!({"uid": person, "name": person, "type_id": 1}),
        (None, key) => json!({"uid": key.unwrap_or(NOT_KNOWN), "type_id": 0}),
    };
    let mut members = Map::new();
    members.insert("user".to_owned(), user);
    members.insert("service".to_owned(), json!({"name": entry.origin}));
    if let Some(count) = event.number("count") {
        members.insert("count".to_owned(), count.into());
    }
    for (name, member) in [("start_time", "first"), ("end_time", "last")] {
        let time = event
            .text(member)
            .and_then(|text| text.parse::<jiff::Timestamp>().ok());
        if let Some(time) = time {
            members.insert(name.to_owned(), time.as_millisecond().into());
        }
    }
    if let Some(session) = event.text("session") {
        members.insert("session".to_owned(), json!({"uid": session}));
    }
    members
}

fn entity_management(event: &StoredEvent) -> Map<String, Value> {
    let named = [
        "record_id",
        "key",
        "credential",
        "link",
        "hold",
        "backup",
        "patient",
        "class",
        "dataset",
        "manifest",
        "output",
        "budget",
        "name",
        "after",
    ];
    let uid = named.iter().find_map(|name| event.text(name));
    let what = event
        .text("record")
        .unwrap_or_else(|| event.kind.as_str().split('.').next().unwrap_or_default());
    let mut entity = json!({"type": what, "uid": uid.unwrap_or(NOT_KNOWN)});
    if let (Some(version), Some(entity)) = (event.number("version"), entity.as_object_mut()) {
        entity.insert("version".to_owned(), version.to_string().into());
    }
    let mut members = Map::new();
    members.insert("entity".to_owned(), entity);
    if let Some(person) = event.text("person") {
        members.insert(
            "actor".to_owned(),
            json!({"user": {"uid": person, "type_id": 1}}),
        );
    } else if let (EventKind::DatasetDeidentified, Some(app)) = (event.kind, event.text("app")) {
        // Of other events the application is what was changed.
        members.insert("actor".to_owned(), json!({"app_name": app}));
    }
    members
}

fn application(event: &StoredEvent) -> Map<String, Value> {
    let mut app = json!({"name": "Wardgate", "vendor_name": "Wardgate"});
    if let (Some(version), Some(app)) = (event.text("version"), app.as_object_mut()) {
        app.insert("version".to_owned(), version.into());
    }
    [("app".to_owned(), app)].into_iter().collect()
}

const UNKNOWN: Shape = shape_of(BASE_EVENT, OTHER, "Unknown", INFORMATIONAL, 0);
const BASE_EVENT: u32 = 0;
const AUTHENTICATION: u32 = 3002;
const ENTITY_MANAGEMENT: u32 = 3004;
const APPLICATION_LIFECYCLE: u32 = 6002;
const API_ACTIVITY: u32 = 6003;
const OTHER: u32 = 99;
const INFORMATIONAL: u32 = 1;
const LOW: u32 = 2;
const MEDIUM: u32 = 3;
const HIGH: u32 = 4;
const SUCCESS: u32 = 1;
const FAILURE: u32 = 2;
const NOT_KNOWN: &str = "unknown";
