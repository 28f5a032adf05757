//! People and groups that a directory provisions.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use wardgate_records::directory::{
    DirectoryError, DirectoryRules, DirectoryUser, GroupWrite, UserQuery, UserWrite,
};
use wardgate_records::people::{Means, SessionKind, SessionRequest};
use wardgate_records::{PersonState, Store};

use crate::hospital::{Hospital, holds, now};

const ISSUER: &str = "https://id.example.org";

fn rules() -> DirectoryRules {
    DirectoryRules {
        issuer: Some(ISSUER.to_owned()),
        roles: BTreeMap::from([
            ("Clinicians".to_owned(), "clinician".to_owned()),
            ("AI Admins".to_owned(), "administrator".to_owned()),
        ]),
    }
}

fn attributes() -> Map<String, Value> {
    let Value::Object(members) = json!({"emails": [{"value": "q.larkspur@post.example"}]}) else {
        unreachable!()
    };
    members
}

fn wanted<'a>(
    user_name: &'a str,
    external_id: &'a str,
    attributes: &'a Map<String, Value>,
) -> UserWrite<'a> {
    UserWrite {
        user_name,
        external_id: Some(external_id),
        active: true,
        shown: Some("Quentin Larkspur"),
        attributes,
        source: "hr",
    }
}

async fn created(store: &Store) -> DirectoryUser {
    let attributes = attributes();
    let write = wanted("Q.Larkspur@hospital.example", "ext-1", &attributes);
    store
        .create_directory_user(&write, &rules(), now())
        .await
        .unwrap()
}

async fn group(store: &Store, name: &str, members: &[&str]) -> String {
    let members: BTreeSet<String> = members.iter().map(|&id| id.to_owned()).collect();
    let write = GroupWrite {
        display_name: name,
        external_id: None,
        members: &members,
        source: "hr",
    };
    let made = store.create_directory_group(&write, &rules(), now()).await;
    made.unwrap().id
}

fn roles(store: &Store, person: &str) -> Vec<String> {
    store.snapshot().person(person).unwrap().roles.clone()
}

async fn session(store: &Store, person: &str) -> String {
    use secrecy::ExposeSecret as _;
    let request = SessionRequest {
        person,
        kind: SessionKind::Browser,
        means: Means::Provider,
        mfa_level: 2,
        proven_at: now(),
        granted_roles: None,
        about: "a test",
        provider: None,
    };
    let started = store.start_session(&request, now()).await.unwrap();
    started.token.expose_secret().to_owned()
}

#[tokio::test]
async fn a_user_becomes_a_person_without_roles_or_proof_and_is_found_by_identity() {
    let hospital = Hospital::furnished().await;
    let user = created(&hospital.store).await;
    assert_eq!(user.person, "q.larkspur");
    let snapshot = hospital.store.snapshot();
    let person = snapshot.person_of_identity(ISSUER, "ext-1").unwrap();
    assert_eq!(person.id, "q.larkspur");
    assert_eq!(person.state, PersonState::Active);
    assert!(person.roles.is_empty() && !person.break_glass && person.mfa == 0);
    for (path, bytes) in hospital.raw_bytes() {
        for secret in ["Larkspur@", "q.larkspur@post", "Quentin", "ext-1 "] {
            assert!(!holds(&bytes, secret), "{secret} in {}", path.display());
        }
    }
}

#[tokio::test]
async fn user_names_are_unique_in_any_case_and_found_so() {
    let hospital = Hospital::furnished().await;
    created(&hospital.store).await;
    let attributes = attributes();
    for (name, external_id) in [
        ("q.larkspur@HOSPITAL.example", "ext-2"),
        ("other@hospital.example", "ext-1"),
    ] {
        let write = wanted(name, external_id, &attributes);
        let refused = hospital
            .store
            .create_directory_user(&write, &rules(), now())
            .await;
        assert!(matches!(refused, Err(DirectoryError::Taken(_))), "{name}");
    }
    let query = UserQuery {
        user_name: Some("Q.LARKSPUR@hospital.example".to_owned()),
        ..UserQuery::default()
    };
    let (total, found) = hospital
        .store
        .directory_users(&query, (0, 10))
        .await
        .unwrap();
    assert_eq!((total, found[0].person.as_str()), (1, "q.larkspur"));
}

#[tokio::test]
async fn a_person_who_does_not_come_from_the_directory_is_not_taken_over() {
    let hospital = Hospital::furnished().await;
    let attributes = attributes();
    let write = wanted("dr.osei@hospital.example", "ext-9", &attributes);
    let refused = hospital
        .store
        .create_directory_user(&write, &rules(), now())
        .await;
    assert!(matches!(refused, Err(DirectoryError::Taken(_))));
    assert!(
        hospital
            .store
            .snapshot()
            .person_of_identity(ISSUER, "ext-9")
            .is_none()
    );
    let unknown = hospital.store.directory_user("dr.osei").await;
    assert!(matches!(unknown, Err(DirectoryError::Unknown)));
}

#[tokio::test]
async fn a_deactivated_person_has_no_session_from_then_on() {
    let hospital = Hospital::furnished().await;
    let store = &hospital.store;
    created(store).await;
    let token = session(store, "q.larkspur").await;
    assert!(store.find_session(&token, now()).await.unwrap().is_some());
    let attributes = attributes();
    let write = UserWrite {
        active: false,
        ..wanted("Q.Larkspur@hospital.example", "ext-1", &attributes)
    };
    store
        .replace_directory_user("q.larkspur", None, &write, &rules(), now())
        .await
        .unwrap();
    assert!(store.find_session(&token, now()).await.unwrap().is_none());
    assert!(
        store
            .sessions_of("q.larkspur", now())
            .await
            .unwrap()
            .is_empty()
    );
    let snapshot = store.snapshot();
    assert_eq!(
        snapshot.person("q.larkspur").unwrap().state,
        PersonState::Suspended
    );
    // Back, by the order of the directory that had deactivated them.
    let write = wanted("Q.Larkspur@hospital.example", "ext-1", &attributes);
    let back = store
        .replace_directory_user("q.larkspur", None, &write, &rules(), now())
        .await
        .unwrap();
    assert!(back.active);
    assert!(store.find_session(&token, now()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_suspension_by_an_administrator_outlasts_the_next_order_of_the_directory() {
    let hospital = Hospital::furnished().await;
    let store = &hospital.store;
    created(store).await;
    hospital
        .yaml("kind: Person\nid: q.larkspur\nname: Quentin Larkspur\nstate: suspended\n")
        .await
        .unwrap();
    let attributes = attributes();
    let write = wanted("Q.Larkspur@hospital.example", "ext-1", &attributes);
    let user = store
        .replace_directory_user("q.larkspur", None, &write, &rules(), now())
        .await
        .unwrap();
    assert!(!user.active);
}

#[tokio::test]
async fn groups_give_mapped_roles_only_and_take_no_others() {
    let hospital = Hospital::furnished().await;
    let store = &hospital.store;
    created(store).await;
    let clinicians = group(store, "Clinicians", &["q.larkspur"]).await;
    group(store, "administrator", &["q.larkspur"]).await;
    assert_eq!(roles(store, "q.larkspur"), ["clinician"]);
    hospital
        .yaml("kind: Person\nid: q.larkspur\nname: Quentin Larkspur\nroles: [auditor, clinician]\n")
        .await
        .unwrap();
    store
        .remove_directory_group(&clinicians, &rules(), now())
        .await
        .unwrap();
    assert_eq!(roles(store, "q.larkspur"), ["auditor"]);
    let nobody = BTreeSet::from(["dr.osei".to_owned()]);
    let write = GroupWrite {
        display_name: "AI Admins",
        external_id: None,
        members: &nobody,
        source: "hr",
    };
    let refused = store.create_directory_group(&write, &rules(), now()).await;
    assert!(matches!(refused, Err(DirectoryError::Unfit(_))));
}

#[tokio::test]
async fn an_id_is_never_given_to_somebody_else() {
    let hospital = Hospital::furnished().await;
    let store = &hospital.store;
    created(store).await;
    group(store, "Clinicians", &["q.larkspur"]).await;
    store
        .remove_directory_user("q.larkspur", &rules(), now())
        .await
        .unwrap();
    assert!(roles(store, "q.larkspur").is_empty());
    assert!(
        store
            .snapshot()
            .person_of_identity(ISSUER, "ext-1")
            .is_none()
    );
    assert!(matches!(
        store.directory_user("q.larkspur").await,
        Err(DirectoryError::Unknown)
    ));
    let again = created(store).await;
    assert_eq!(again.person, "q.larkspur-2");
}

#[tokio::test]
async fn a_change_of_what_was_changed_meanwhile_is_refused() {
    let hospital = Hospital::furnished().await;
    let store = &hospital.store;
    let user = created(store).await;
    let attributes = attributes();
    let write = wanted("Q.Larkspur@hospital.example", "ext-1", &attributes);
    for (version, good) in [(user.version, true), (user.version, false)] {
        let put = store
            .replace_directory_user("q.larkspur", Some(version), &write, &rules(), now())
            .await;
        assert_eq!(put.is_ok(), good);
    }
}

#[tokio::test]
async fn a_logout_token_is_taken_once() {
    let hospital = Hospital::empty().await;
    let expires = now() + jiff::SignedDuration::from_mins(2);
    let mut taken = Vec::new();
    for (issuer, id) in [
        (ISSUER, "j"),
        (ISSUER, "j"),
        (ISSUER, "k"),
        ("https://x.example", "j"),
    ] {
        let first = hospital
            .store
            .use_logout_token(issuer, id, expires, now())
            .await;
        taken.push(first.unwrap());
    }
    assert_eq!(taken, [true, false, true, true]);
}
