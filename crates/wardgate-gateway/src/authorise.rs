//! Asks the decision: stale or missing facts first, then policies, then consents.

use jiff::Timestamp;
use wardgate_authz::{Denial, Labels, Permit, Purpose, Request};
use wardgate_records::{Flow, InventorySystem, Snapshot};

use crate::call::Call;
use crate::facts::{Gathered, ask};
use crate::identity::Identified;
use crate::label::Labelled;

/// Decides on a call. What is not permitted is denied.
pub(crate) fn authorise(
    call: &Call,
    gathered: &Gathered,
    labelled: &Labelled,
    hospital: &str,
) -> Result<Permit, Denial> {
    let caller = call.admitted().caller();
    let system = gathered.system();
    let device = format!("Device/{}", system.id);
    let vendor = format!("Organization/{}", system.vendor);
    let practitioner = caller
        .person()
        .map(|person| format!("Practitioner/{}", person.id));
    let application = format!("Device/{}", caller.app().id);
    let mut actors = vec![hospital, &device, &vendor, &application];
    actors.extend(practitioner.as_deref());
    let snapshot = gathered.snapshot();
    if let (Some(person), Some(patient)) = (caller.person(), gathered.patient()) {
        // A consent that names a care team reaches whoever belongs to it now.
        actors.extend(snapshot.care_teams(patient.handle, &person.id, gathered.at()));
    }
    let request = Request {
        call: *call.digest().as_bytes(),
        app: &caller.app().id,
        person: caller.person().map(|person| person.id.as_str()),
        sign_in: caller.proof(),
        system: &system.id,
        vendor: &system.vendor,
        purpose: gathered.purpose(),
        patient: gathered.subject(),
        data_class: gathered.data_class(),
        labels: labelled.labels(call),
        recipient: &system.vendor,
        region: gathered.region(),
        actors: &actors,
        facts: gathered.facts(),
    };
    let consents = gathered
        .patient()
        .map_or(&[][..], |patient| snapshot.consents(patient.handle));
    wardgate_authz::decide(
        &request,
        consents,
        snapshot.consent_domain(),
        snapshot.policies(),
        gathered.at(),
    )
}

/// Whether a declared flow would be permitted to this caller now, leaving patients aside.
pub(crate) fn may_use(
    snapshot: &Snapshot,
    caller: &Identified,
    system: &InventorySystem,
    flow: &Flow,
    now: Timestamp,
) -> bool {
    let Ok(purpose) = flow.purpose.parse::<Purpose>() else {
        return false;
    };
    if !caller.allows_system(&system.id) || !caller.allows_purpose(purpose.code()) {
        return false;
    }
    let facts = snapshot.facts(&ask(caller, system, purpose, &flow.data_class, now));
    let request = Request {
        call: [0; 32],
        app: &caller.app().id,
        person: caller.person().map(|person| person.id.as_str()),
        sign_in: caller.proof(),
        system: &system.id,
        vendor: &system.vendor,
        purpose,
        patient: None,
        data_class: &flow.data_class,
        labels: Labels::NONE,
        recipient: &system.vendor,
        region: &flow.region,
        actors: &[],
        facts: &facts,
    };
    wardgate_authz::decide(
        &request,
        &[],
        snapshot.consent_domain(),
        snapshot.policies(),
        now,
    )
    .is_ok()
}
