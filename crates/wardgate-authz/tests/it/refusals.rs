//! Every refusal code, by flipping exactly one fact of a call that is permitted.

use wardgate_authz::{Agreement, VendorState};

use crate::hospital::{Scene, at, fact};

#[test]
fn an_expired_agreement_refuses_and_names_its_record() {
    let mut scene = Scene::permitted();
    let from = at("2025-01-01T00:00:00Z");
    let until = at("2026-03-01T12:00:00Z");
    scene.vendor.agreement = fact(Agreement::Signed { from, until }, "agreement/baa-7");
    let denial = scene.denial();
    assert_eq!(denial.code(), "vendor.agreement_expired");
    assert_eq!(denial.source(), "agreement/baa-7");
    assert_eq!(
        denial.message(),
        "the agreement with vendor `acme` expired on 2026-03-01"
    );
}

#[test]
fn a_suspended_vendor_refuses() {
    let mut scene = Scene::permitted();
    scene.vendor.state = fact(VendorState::Suspended, "vendor/acme");
    assert_eq!(scene.denial().code(), "vendor.suspended");
}
