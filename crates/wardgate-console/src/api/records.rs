//! The governance records, to read.

use serde::Serialize;
use utoipa::ToSchema;
use wardgate_authz::{Operation, Target};

use super::route::{Answer, Api, Ask, Route};
use crate::refusal::Refusal;

pub(super) fn routes() -> Api {
    let route = |path, summary| Route::get(path, Operation::RecordsRead, summary);
    Api::default()
        .route(
            route("/api/systems", "List the AI systems.").gives::<Systems>(),
            systems,
        )
        .route(
            route("/api/vendors", "List the vendors.").gives::<Vendors>(),
            vendors,
        )
        .route(
            route("/api/apps", "List the applications.").gives::<Apps>(),
            apps,
        )
}

/// The AI systems on file.
#[derive(Serialize, ToSchema)]
struct Systems {
    systems: Vec<SystemEntry>,
}

/// An AI system.
#[derive(Serialize, ToSchema)]
struct SystemEntry {
    id: String,
    version: u64,
    name: String,
    /// The model name that callers use.
    model: String,
    vendor: String,
    state: &'static str,
    /// Until when its assessment holds.
    #[schema(value_type = Option<String>, format = DateTime)]
    assessed_until: Option<jiff::Timestamp>,
    purposes: Vec<String>,
    data_classes: Vec<String>,
}

/// The vendors on file.
#[derive(Serialize, ToSchema)]
struct Vendors {
    vendors: Vec<VendorEntry>,
}

/// A vendor.
#[derive(Serialize, ToSchema)]
struct VendorEntry {
    id: String,
    version: u64,
    name: String,
    state: &'static str,
    region: String,
    /// Until when its agreement holds.
    #[schema(value_type = Option<String>, format = DateTime)]
    agreement_until: Option<jiff::Timestamp>,
}

/// The applications on file.
#[derive(Serialize, ToSchema)]
struct Apps {
    apps: Vec<AppEntry>,
}

/// An application.
#[derive(Serialize, ToSchema)]
struct AppEntry {
    id: String,
    version: u64,
    name: String,
    /// `active` or `suspended`.
    state: &'static str,
    systems: Vec<String>,
}

async fn systems(ask: Ask) -> Result<Answer, Refusal> {
    let allowed = ask.allow(&Target::any())?;
    let snapshot = ask.parts.store.snapshot();
    let entry = |system: &wardgate_records::InventorySystem| SystemEntry {
        id: system.id.clone(),
        version: system.system.version,
        name: system.name.clone(),
        model: system.model.clone(),
        vendor: system.vendor.clone(),
        state: system.state.word(),
        assessed_until: system.assessed_until,
        purposes: system.purposes.clone(),
        data_classes: system.data_classes.clone(),
    };
    let mut systems: Vec<SystemEntry> = snapshot.systems().map(|system| entry(system)).collect();
    systems.sort_by(|left, right| left.id.cmp(&right.id));
    Ok(Answer::of(allowed, &Systems { systems }))
}

async fn vendors(ask: Ask) -> Result<Answer, Refusal> {
    let allowed = ask.allow(&Target::any())?;
    let snapshot = ask.parts.store.snapshot();
    let mut vendors: Vec<VendorEntry> = snapshot
        .vendors()
        .map(|vendor| VendorEntry {
            id: vendor.id.clone(),
            version: vendor.version,
            name: vendor.name.clone(),
            state: vendor.state.word(),
            region: vendor.region.clone(),
            agreement_until: vendor.agreement.as_ref().map(|agreement| agreement.expires),
        })
        .collect();
    vendors.sort_by(|left, right| left.id.cmp(&right.id));
    Ok(Answer::of(allowed, &Vendors { vendors }))
}

async fn apps(ask: Ask) -> Result<Answer, Refusal> {
    let allowed = ask.allow(&Target::any())?;
    let snapshot = ask.parts.store.snapshot();
    let mut apps: Vec<AppEntry> = snapshot
        .apps()
        .map(|app| AppEntry {
            id: app.id.clone(),
            version: app.version,
            name: app.name.clone(),
            state: match app.state {
                wardgate_records::AppState::Active => "active",
                _ => "suspended",
            },
            systems: app.systems.clone(),
        })
        .collect();
    apps.sort_by(|left, right| left.id.cmp(&right.id));
    Ok(Answer::of(allowed, &Apps { apps }))
}
