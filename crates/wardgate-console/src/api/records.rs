//! The governance records, to read.

use serde::Serialize;
use utoipa::ToSchema;
use wardgate_authz::{Operation, Target};
use wardgate_records::{AppState, Snapshot};

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
pub(crate) struct SystemEntry {
    pub(crate) id: String,
    pub(crate) version: u64,
    pub(crate) name: String,
    /// The model name that callers use.
    pub(crate) model: String,
    pub(crate) vendor: String,
    pub(crate) state: &'static str,
    /// Until when its assessment holds.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) assessed_until: Option<jiff::Timestamp>,
    pub(crate) purposes: Vec<String>,
    pub(crate) data_classes: Vec<String>,
}

/// The vendors on file.
#[derive(Serialize, ToSchema)]
struct Vendors {
    vendors: Vec<VendorEntry>,
}

/// A vendor.
#[derive(Serialize, ToSchema)]
pub(crate) struct VendorEntry {
    pub(crate) id: String,
    pub(crate) version: u64,
    pub(crate) name: String,
    pub(crate) state: &'static str,
    pub(crate) region: String,
    /// Until when its agreement holds.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) agreement_until: Option<jiff::Timestamp>,
}

/// The applications on file.
#[derive(Serialize, ToSchema)]
struct Apps {
    apps: Vec<AppEntry>,
}

/// An application.
#[derive(Serialize, ToSchema)]
pub(crate) struct AppEntry {
    pub(crate) id: String,
    pub(crate) version: u64,
    pub(crate) name: String,
    /// `active` or `suspended`.
    pub(crate) state: &'static str,
    pub(crate) systems: Vec<String>,
}

async fn systems(ask: Ask) -> Result<Answer, Refusal> {
    let allowed = ask.allow(&Target::any())?;
    let systems = systems_of(&ask.parts.store.snapshot());
    Ok(Answer::of(allowed, &Systems { systems }))
}

async fn vendors(ask: Ask) -> Result<Answer, Refusal> {
    let allowed = ask.allow(&Target::any())?;
    let vendors = vendors_of(&ask.parts.store.snapshot());
    Ok(Answer::of(allowed, &Vendors { vendors }))
}

async fn apps(ask: Ask) -> Result<Answer, Refusal> {
    let allowed = ask.allow(&Target::any())?;
    let apps = apps_of(&ask.parts.store.snapshot());
    Ok(Answer::of(allowed, &Apps { apps }))
}

/// The AI systems by their ids.
pub(crate) fn systems_of(snapshot: &Snapshot) -> Vec<SystemEntry> {
    let entries = snapshot.systems().map(|system| SystemEntry {
        id: system.id.clone(),
        version: system.system.version,
        name: system.name.clone(),
        model: system.model.clone(),
        vendor: system.vendor.clone(),
        state: system.state.word(),
        assessed_until: system.assessed_until,
        purposes: system.purposes.clone(),
        data_classes: system.data_classes.clone(),
    });
    let mut systems: Vec<SystemEntry> = entries.collect();
    systems.sort_by(|left, right| left.id.cmp(&right.id));
    systems
}

/// The vendors by their ids.
pub(crate) fn vendors_of(snapshot: &Snapshot) -> Vec<VendorEntry> {
    let entries = snapshot.vendors().map(|vendor| VendorEntry {
        id: vendor.id.clone(),
        version: vendor.version,
        name: vendor.name.clone(),
        state: vendor.state.word(),
        region: vendor.region.clone(),
        agreement_until: vendor.agreement.as_ref().map(|agreement| agreement.expires),
    });
    let mut vendors: Vec<VendorEntry> = entries.collect();
    vendors.sort_by(|left, right| left.id.cmp(&right.id));
    vendors
}

/// The applications by their ids.
pub(crate) fn apps_of(snapshot: &Snapshot) -> Vec<AppEntry> {
    let entries = snapshot.apps().map(|app| AppEntry {
        id: app.id.clone(),
        version: app.version,
        name: app.name.clone(),
        state: match app.state {
            AppState::Active => "active",
            _ => "suspended",
        },
        systems: app.systems.clone(),
    });
    let mut apps: Vec<AppEntry> = entries.collect();
    apps.sort_by(|left, right| left.id.cmp(&right.id));
    apps
}
