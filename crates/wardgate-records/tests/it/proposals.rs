//! Changes that take two people, the versions of the policies, and the way back.

use serde_json::{Value, json};
use wardgate_authz::Policies;
use wardgate_records::events::StoredEvent;
use wardgate_records::{
    ApplyError, OPEN_PROPOSALS_MAX, PolicyFile, Proposal, ProposalFault, ProposalState,
    ProposedChange, RecordsError, VersionOrigin,
};

use crate::hospital::{Hospital, faults, holds, now};

const REASON: &str = "Nurses on Larkspur ward must not use it for payment.";

/// With three people who may act and one who may not.
async fn hospital() -> Hospital {
    let hospital = Hospital::furnished().await;
    let people = [
        ("sec.lind", "security_lead", "active"),
        ("priv.moreau", "privacy_officer", "active"),
        ("comm.abara", "committee", "active"),
        ("gone.weiss", "committee", "suspended"),
    ];
    let yaml: Vec<String> = people
        .iter()
        .map(|(id, role, state)| {
            format!(
                "kind: Person\nid: {id}\nstate: {state}\nroles: [{role}]\nmfa: 3\ntrainings: []\n"
            )
        })
        .collect();
    hospital.yaml(&yaml.join("---\n")).await.unwrap();
    hospital
}

/// The built-in files and one more that forbids a purpose.
fn with_rule(purpose: &str) -> Vec<PolicyFile> {
    let mut files = built_in();
    files.push(PolicyFile {
        id: "mine.cedar".to_owned(),
        cedar: format!(
            "@id(\"mine.no\")\n@code(\"mine.no\")\n@message(\"no\")\n@hint(\"do\")\n@fact(\"person.roles\")\n\
             forbid (principal, action == Wardgate::Action::\"call\", resource)\n\
             when {{ context.purpose == \"{purpose}\" }};\n"
        ),
    });
    files
}

fn built_in() -> Vec<PolicyFile> {
    let files = Policies::built_in_files().iter();
    files
        .map(|(id, cedar)| PolicyFile {
            id: (*id).to_owned(),
            cedar: (*cedar).to_owned(),
        })
        .collect()
}

async fn propose(hospital: &Hospital, purpose: &str, person: &str) -> Proposal {
    let files = with_rule(purpose);
    let store = &hospital.store;
    store
        .propose_policies(&files, REASON, person, now())
        .await
        .unwrap()
}

fn hash(hospital: &Hospital) -> [u8; 32] {
    hospital.store.snapshot().policies().hash()
}

fn fault<T: std::fmt::Debug>(result: Result<T, RecordsError>) -> ProposalFault {
    match result.unwrap_err() {
        RecordsError::Proposal(fault) => fault,
        other => panic!("{other}"),
    }
}

async fn events(hospital: &Hospital) -> Vec<StoredEvent> {
    let ledger = hospital.ledger();
    hospital.store.drain_outbox(&ledger).await.unwrap();
    let events = ledger.entries(..);
    let events = events
        .map(|entry| StoredEvent::parse(&entry.unwrap().1).unwrap())
        .collect();
    ledger.close().unwrap();
    events
}

fn kinds(events: &[StoredEvent]) -> Vec<&'static str> {
    events.iter().map(|event| event.kind.as_str()).collect()
}

#[tokio::test]
async fn a_new_store_notes_the_policies_it_begins_with_once() {
    let hospital = hospital().await;
    let versions = hospital.again().await.policy_versions().await.unwrap();
    let [first] = &versions[..] else {
        panic!("{versions:?}");
    };
    assert_eq!(
        (first.version, first.origin, first.built_in),
        (1, VersionOrigin::Build, true)
    );
    assert_eq!(first.hash, hash(&hospital));
    assert_eq!(first.files, built_in());
}

#[tokio::test]
async fn what_one_proposes_another_approves_and_then_it_decides() {
    let hospital = hospital().await;
    let before = hash(&hospital);
    let told = events(&hospital).await.len();
    let proposal = propose(&hospital, "HPAYMT", "sec.lind").await;
    assert_eq!((proposal.base, proposal.state), (1, ProposalState::Open));
    assert_eq!(hash(&hospital), before, "a proposal decides nothing");

    let store = &hospital.store;
    let approved = store
        .approve_proposal(proposal.id, "priv.moreau", now())
        .await
        .unwrap();
    assert_eq!(approved.version, Some(2));
    assert_eq!(approved.decided, Some(("priv.moreau".to_owned(), now())));
    assert_ne!(hash(&hospital), before);
    assert_eq!(store.proposal(proposal.id).await.unwrap(), approved);

    let newest = store.policy_version(2).await.unwrap();
    assert_eq!(newest.hash, hash(&hospital));
    assert_eq!(newest.origin, VersionOrigin::Proposal);
    assert_eq!(newest.proposal, Some(proposal.id));
    assert_eq!(newest.proposed_by.as_deref(), Some("sec.lind"));
    assert_eq!(newest.approved_by.as_deref(), Some("priv.moreau"));
    assert_eq!(
        newest.files,
        with_rule("HPAYMT"),
        "in the order in which they are asked"
    );

    let events = events(&hospital).await.split_off(told);
    let mut expected = vec!["proposal.made"];
    expected.extend(vec!["record.changed"; built_in().len() + 1]);
    expected.extend(["policy.changed", "proposal.decided"]);
    assert_eq!(kinds(&events), expected);
    let (made, decided) = (&events[0], events.last().unwrap());
    assert_eq!(made.text("person"), Some("sec.lind"));
    assert_eq!(made.record_id("proposal"), Some(proposal.id));
    assert_eq!(decided.text("outcome"), Some("approved"));
    assert_eq!(decided.text("proposer"), Some("sec.lind"));
    assert_eq!(decided.text("person"), Some("priv.moreau"));
    assert_eq!(decided.number("version"), Some(2));
}

#[tokio::test]
async fn another_process_follows_an_approval() {
    let hospital = hospital().await;
    let serving = hospital.again().await;
    let proposal = propose(&hospital, "HPAYMT", "sec.lind").await;
    hospital
        .store
        .approve_proposal(proposal.id, "priv.moreau", now())
        .await
        .unwrap();
    assert!(serving.refresh(now()).await.unwrap());
    assert_eq!(serving.snapshot().policies().hash(), hash(&hospital));
}

#[tokio::test]
async fn nobody_decides_on_their_own_proposal() {
    let hospital = hospital().await;
    let before = hash(&hospital);
    let proposal = propose(&hospital, "HPAYMT", "sec.lind").await;
    let store = &hospital.store;
    let approve = store.approve_proposal(proposal.id, "sec.lind", now()).await;
    assert_eq!(fault(approve), ProposalFault::Own);
    let reject = store.reject_proposal(proposal.id, "sec.lind", now()).await;
    assert_eq!(fault(reject), ProposalFault::Own);
    assert_eq!(
        store.proposal(proposal.id).await.unwrap().state,
        ProposalState::Open
    );
    assert_eq!(hash(&hospital), before);
    // Only they can take it back.
    let withdraw = store
        .withdraw_proposal(proposal.id, "priv.moreau", now())
        .await;
    assert_eq!(fault(withdraw), ProposalFault::NotOwn);
    let withdrawn = store
        .withdraw_proposal(proposal.id, "sec.lind", now())
        .await
        .unwrap();
    assert_eq!(withdrawn.state, ProposalState::Withdrawn);
    let late = store
        .approve_proposal(proposal.id, "priv.moreau", now())
        .await;
    assert_eq!(fault(late), ProposalFault::Decided);
}

#[tokio::test]
async fn who_may_not_act_neither_proposes_nor_decides() {
    let hospital = hospital().await;
    let store = &hospital.store;
    let files = with_rule("HPAYMT");
    for (person, inactive) in [("gone.weiss", true), ("nobody.knows", false)] {
        let proposed = store
            .propose_policies(&files, REASON, person, now())
            .await
            .unwrap_err();
        let refused = match proposed {
            ApplyError::Store(RecordsError::Proposal(ProposalFault::PersonNotActive)) => true,
            ApplyError::Store(RecordsError::Unknown { kind: "person", .. }) => false,
            other => panic!("{other}"),
        };
        assert_eq!(refused, inactive);
    }
    let proposal = propose(&hospital, "HPAYMT", "sec.lind").await;
    let approve = store
        .approve_proposal(proposal.id, "gone.weiss", now())
        .await;
    assert_eq!(fault(approve), ProposalFault::PersonNotActive);
    let rollback = store.rollback_policies(1, "gone.weiss", now()).await;
    assert_eq!(fault(rollback), ProposalFault::PersonNotActive);
}

#[tokio::test]
async fn a_proposal_whose_base_has_changed_is_stale() {
    let hospital = hospital().await;
    let store = &hospital.store;
    let first = propose(&hospital, "HPAYMT", "sec.lind").await;
    let second = propose(&hospital, "HRESCH", "sec.lind").await;
    store
        .approve_proposal(first.id, "priv.moreau", now())
        .await
        .unwrap();
    let after_first = hash(&hospital);
    let late = store
        .approve_proposal(second.id, "priv.moreau", now())
        .await;
    assert_eq!(fault(late), ProposalFault::Stale);
    assert_eq!(hash(&hospital), after_first);
    assert_eq!(
        store.proposal(second.id).await.unwrap().state,
        ProposalState::Stale
    );
    let events = events(&hospital).await;
    assert_eq!(events.last().unwrap().text("outcome"), Some("stale"));
    // Proposed anew it starts from what holds now.
    assert_eq!(propose(&hospital, "HRESCH", "sec.lind").await.base, 2);
}

#[tokio::test]
async fn of_two_who_approve_at_once_one_wins() {
    let hospital = hospital().await;
    let other = hospital.again().await;
    for round in 0..5 {
        let purpose = ["HPAYMT", "HRESCH"][round % 2];
        let proposal = propose(&hospital, purpose, "sec.lind").await;
        let (one, two) = tokio::join!(
            hospital
                .store
                .approve_proposal(proposal.id, "priv.moreau", now()),
            other.approve_proposal(proposal.id, "comm.abara", now()),
        );
        let lost = match (one, two) {
            (Ok(_), lost) | (lost, Ok(_)) => lost,
            both => panic!("{both:?}"),
        };
        assert_eq!(fault(lost), ProposalFault::Decided);
    }
    let versions = hospital.store.policy_versions().await.unwrap();
    assert_eq!(versions.len(), 6);
    let decided = events(&hospital).await;
    let decided = decided
        .iter()
        .filter(|event| event.kind.as_str() == "proposal.decided");
    assert_eq!(decided.count(), 5);
}

#[tokio::test]
async fn an_invalid_set_is_refused_when_it_is_proposed_with_every_fault() {
    let hospital = hospital().await;
    let mut files = with_rule("HPAYMT");
    files[0]
        .cedar
        .push_str("permit (principal, action, resource) when { context.mood };\n");
    files.push(PolicyFile {
        id: "../escape".to_owned(),
        cedar: "permit (principal, action, resource);".to_owned(),
    });
    files.push(PolicyFile {
        id: "empty.cedar".to_owned(),
        cedar: " \n".to_owned(),
    });
    files.push(files[1].clone());
    let store = &hospital.store;
    let refused = store
        .propose_policies(&files, REASON, "sec.lind", now())
        .await;
    let faults = faults(refused.unwrap_err());
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let told = told.join("\n");
    for wanted in [
        "`@id`",
        "this name can not be",
        "holds no policy",
        "two files have this name",
    ] {
        assert!(told.contains(wanted), "{wanted}: {told}");
    }
    assert!(store.proposals().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_changes_nothing_or_has_no_reason_is_refused() {
    let hospital = hospital().await;
    let store = &hospital.store;
    let refusal = |result: Result<Proposal, ApplyError>| match result.unwrap_err() {
        ApplyError::Store(error) => fault::<()>(Err(error)),
        other => panic!("{other}"),
    };
    for files in [built_in(), Vec::new()] {
        let proposed = store
            .propose_policies(&files, REASON, "sec.lind", now())
            .await;
        assert_eq!(refusal(proposed), ProposalFault::Unchanged);
    }
    for reason in ["", "  \n", &"x".repeat(2_001)] {
        let files = with_rule("HPAYMT");
        let proposed = store
            .propose_policies(&files, reason, "sec.lind", now())
            .await;
        assert_eq!(refusal(proposed), ProposalFault::Reason);
    }
    let mut files = with_rule("HPAYMT");
    files[0]
        .cedar
        .push_str(&format!("// {}\n", "x".repeat(1 << 20)));
    let proposed = store
        .propose_policies(&files, REASON, "sec.lind", now())
        .await;
    assert_eq!(refusal(proposed), ProposalFault::TooLarge);
    for _ in 0..OPEN_PROPOSALS_MAX {
        propose(&hospital, "HPAYMT", "sec.lind").await;
    }
    let files = with_rule("HPAYMT");
    let proposed = store
        .propose_policies(&files, REASON, "sec.lind", now())
        .await;
    assert_eq!(refusal(proposed), ProposalFault::TooMany);
}

#[tokio::test]
async fn one_step_leads_back_and_a_second_person_reviews_it() {
    let hospital = hospital().await;
    let store = &hospital.store;
    let first = hash(&hospital);
    let proposal = propose(&hospital, "HPAYMT", "sec.lind").await;
    store
        .approve_proposal(proposal.id, "priv.moreau", now())
        .await
        .unwrap();
    let second = hash(&hospital);
    let waiting = propose(&hospital, "HRESCH", "sec.lind").await;

    let rolled = store
        .rollback_policies(1, "comm.abara", now())
        .await
        .unwrap();
    assert_eq!((rolled.version, rolled.rollback_of), (3, Some(1)));
    assert!(rolled.awaits_review() && rolled.built_in);
    assert_eq!(hash(&hospital), first, "the built-in set decides again");
    assert_eq!(
        fault(store.rollback_policies(1, "comm.abara", now()).await),
        ProposalFault::Unchanged
    );
    let late = store
        .approve_proposal(waiting.id, "priv.moreau", now())
        .await;
    assert_eq!(fault(late), ProposalFault::Stale);

    let own = store.review_rollback(3, "comm.abara", now()).await;
    assert_eq!(fault(own), ProposalFault::Own);
    let reviewed = store
        .review_rollback(3, "priv.moreau", now())
        .await
        .unwrap();
    assert_eq!(reviewed.reviewed, Some(("priv.moreau".to_owned(), now())));
    for version in [2, 3] {
        let again = store.review_rollback(version, "sec.lind", now()).await;
        assert_eq!(fault(again), ProposalFault::NotForReview);
    }
    // Back and forth, each time as a new version with the old content.
    let forth = store.rollback_policies(2, "sec.lind", now()).await.unwrap();
    assert_eq!((forth.version, forth.hash), (4, second));
    assert_eq!(hash(&hospital), second);
    let events = events(&hospital).await;
    let rolled: Vec<_> = events
        .iter()
        .filter(|event| event.kind.as_str() == "policy.rolled_back")
        .collect();
    assert_eq!(rolled[0].number("to_version"), Some(1));
    assert_eq!(rolled[0].text("person"), Some("comm.abara"));
    let unknown = store
        .rollback_policies(99, "sec.lind", now())
        .await
        .unwrap_err();
    assert!(matches!(
        unknown,
        RecordsError::Unknown {
            kind: "policy version",
            ..
        }
    ));
}

#[tokio::test]
async fn files_applied_while_a_hospital_is_set_up_are_a_version_too() {
    let hospital = hospital().await;
    let policy = concat!(
        "kind: Policy\nid: mine\ncedar: |\n  @id(\"mine.alone\")\n",
        "  permit (principal, action == Wardgate::Action::\"call\", resource);\n",
    );
    hospital.yaml(policy).await.unwrap();
    let version = hospital.store.policy_version(2).await.unwrap();
    assert_eq!(
        (version.origin, version.built_in),
        (VersionOrigin::Files, false)
    );
    assert_eq!(version.hash, hash(&hospital));
    assert_eq!(
        hospital
            .again()
            .await
            .policy_versions()
            .await
            .unwrap()
            .len(),
        2
    );
    // What is stored under a name of its own is withdrawn by a set without it.
    let proposal = propose(&hospital, "HPAYMT", "sec.lind").await;
    hospital
        .store
        .approve_proposal(proposal.id, "priv.moreau", now())
        .await
        .unwrap();
    let version = hospital.store.policy_version(3).await.unwrap();
    assert_eq!(version.files, with_rule("HPAYMT"));
    let back = hospital
        .store
        .rollback_policies(2, "sec.lind", now())
        .await
        .unwrap();
    assert_eq!(back.files.len(), 1);
}

fn vendor(expires: &str) -> Value {
    json!({
        "id": "acme", "name": "Acme Clinical AI", "state": "active", "region": "us",
        "agreement": {"kind": "baa", "effective": "2026-01-01", "expires": expires},
    })
}

#[tokio::test]
async fn a_vendor_changes_when_another_person_approves() {
    let hospital = hospital().await;
    let store = &hospital.store;
    let version = store.snapshot().vendor("acme").unwrap().version;
    let vendor = vendor("2028-06-30");
    let proposal = store
        .propose_vendor(&vendor, REASON, "sec.lind", now())
        .await
        .unwrap();
    assert_eq!(proposal.base, version);
    assert_eq!(proposal.change.target(), Some("acme"));
    assert_eq!(store.snapshot().vendor("acme").unwrap().version, version);
    let own = store.approve_proposal(proposal.id, "sec.lind", now()).await;
    assert_eq!(fault(own), ProposalFault::Own);
    store
        .approve_proposal(proposal.id, "comm.abara", now())
        .await
        .unwrap();
    let snapshot = store.snapshot();
    let changed = snapshot.vendor("acme").unwrap();
    assert_eq!(changed.version, version + 1);
    let expires = changed.agreement.as_ref().unwrap().expires;
    assert_eq!(
        expires.to_string(),
        "2028-07-01T00:00:00Z",
        "valid through its last day"
    );
    let ProposedChange::Vendor(stored) = store.proposal(proposal.id).await.unwrap().change else {
        panic!("not a vendor");
    };
    assert_eq!(&stored, &changed.record);
    let unchanged = store
        .propose_vendor(&vendor, REASON, "sec.lind", now())
        .await
        .unwrap_err();
    assert!(
        unchanged.to_string().contains("change nothing"),
        "{unchanged}"
    );
}

#[tokio::test]
async fn a_new_vendor_is_proposed_from_nothing_and_stale_once_it_is_there() {
    let hospital = hospital().await;
    let store = &hospital.store;
    let mut vendor = vendor("2028-06-30");
    vendor["id"] = "borealis".into();
    let one = store
        .propose_vendor(&vendor, REASON, "sec.lind", now())
        .await
        .unwrap();
    let two = store
        .propose_vendor(&vendor, REASON, "priv.moreau", now())
        .await
        .unwrap();
    assert_eq!((one.base, two.base), (0, 0));
    store
        .approve_proposal(one.id, "comm.abara", now())
        .await
        .unwrap();
    assert_eq!(store.snapshot().vendor("borealis").unwrap().version, 1);
    let late = store.approve_proposal(two.id, "comm.abara", now()).await;
    assert_eq!(fault(late), ProposalFault::Stale);
}

#[tokio::test]
async fn a_vendor_is_checked_by_the_rules_of_files() {
    let hospital = hospital().await;
    let store = &hospital.store;
    let mut unknown = vendor("2028-06-30");
    unknown["mood"] = "good".into();
    let mut state = vendor("2028-06-30");
    state["state"] = "activ".into();
    let mut system = vendor("2028-06-30");
    system["kind"] = "System".into();
    for (wrong, wanted) in [
        (unknown, "mood"),
        (state, "state"),
        (system, "not the record of one vendor"),
        (json!([1]), "not the record of one vendor"),
        (json!({"id": "acme"}), "name"),
    ] {
        let refused = store
            .propose_vendor(&wrong, REASON, "sec.lind", now())
            .await;
        let told: Vec<String> = faults(refused.unwrap_err())
            .iter()
            .map(ToString::to_string)
            .collect();
        assert!(told.join("\n").contains(wanted), "{told:?}");
    }
    assert!(store.proposals().await.unwrap().is_empty());
}

#[tokio::test]
async fn the_reason_is_sealed_at_rest_and_in_no_entry() {
    let hospital = hospital().await;
    let proposal = propose(&hospital, "HPAYMT", "sec.lind").await;
    events(&hospital).await;
    assert_eq!(
        hospital.store.proposal(proposal.id).await.unwrap().reason,
        REASON
    );
    for (path, bytes) in hospital.raw_bytes() {
        assert!(!holds(&bytes, "Larkspur ward"), "{}", path.display());
    }
}
