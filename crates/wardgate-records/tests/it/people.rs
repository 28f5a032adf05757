//! People who sign in, as rows: what is single-use, what has ended, who must not be the last.

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use wardgate_records::RecordsError;
use wardgate_records::events::StoredEvent;
use wardgate_records::people::{
    CHALLENGE_MS, CHALLENGES_MAX, ChallengeKind, CredentialKind, LINK_HOURS, LinkPurpose, Means,
    NewCredential, NewSecret, ProviderSession, Rotation, SESSION_IDLE_MS, SESSION_MS, SESSIONS_MAX,
    SessionEnd, SessionKind, SessionRequest,
};
use zeroize::Zeroizing;

use crate::hospital::{Hospital, at, holds, now};

fn later(ms: i64) -> Timestamp {
    now() + SignedDuration::from_millis(ms)
}

fn person(id: &str, state: &str, role: &str) -> String {
    format!(
        "kind: Person\nid: {id}\nname: Somebody\nstate: {state}\nroles: [{role}]\nmfa: 0\ntrainings: []\n"
    )
}

async fn staffed() -> Hospital {
    let hospital = Hospital::empty().await;
    let staff = ["ada", "ben", "cleo"].map(|id| person(id, "active", "administrator"));
    hospital.yaml(&staff.join("---\n")).await.unwrap();
    hospital
}

fn passkey(id: &[u8]) -> NewCredential<'_> {
    NewCredential {
        label: "Laptop",
        secret: NewSecret::Passkey {
            credential_id: id,
            state: b"what checks it",
        },
    }
}

async fn enrolled(hospital: &Hospital, person: &str) {
    hospital.store.open_account(person, now()).await.unwrap();
    let link = link_for(hospital, person, LinkPurpose::Enrol).await;
    let ways = [passkey(person.as_bytes())];
    let enrolled = hospital.store.enrol(&link, &ways, now()).await.unwrap();
    assert_eq!(enrolled.unwrap().0, person);
}

async fn link_for(hospital: &Hospital, person: &str, purpose: LinkPurpose) -> String {
    let link = hospital
        .store
        .issue_link(person, purpose, None, now())
        .await;
    link.unwrap().expose_secret().to_owned()
}

const fn of(person: &str) -> SessionRequest<'_> {
    SessionRequest {
        person,
        kind: SessionKind::Browser,
        means: Means::Passkey,
        mfa_level: 3,
        proven_at: Timestamp::UNIX_EPOCH,
        granted_roles: None,
        about: "Firefox on Linux",
        provider: None,
    }
}

async fn session(hospital: &Hospital, person: &str) -> String {
    let session = hospital.store.start_session(&of(person), now()).await;
    session.unwrap().token.expose_secret().to_owned()
}

async fn goes_on(hospital: &Hospital, token: &str, at: Timestamp) -> bool {
    hospital
        .store
        .find_session(token, at)
        .await
        .unwrap()
        .is_some()
}

async fn told(hospital: &Hospital) -> Vec<String> {
    let ledger = hospital.ledger();
    hospital.store.drain_outbox(&ledger).await.unwrap();
    let told = ledger
        .entries(..)
        .map(|entry| StoredEvent::parse(&entry.unwrap().1).unwrap())
        .filter(|event| !event.kind.as_str().starts_with("record."))
        .map(|event| match event.text("reason") {
            Some(reason) => format!("{} {reason}", event.kind),
            None => event.kind.to_string(),
        })
        .collect();
    ledger.close().unwrap();
    told
}

#[tokio::test]
async fn a_session_ends_when_idle_and_in_any_case() {
    let hospital = staffed().await;
    let token = session(&hospital, "ada").await;
    let found = hospital.store.find_session(&token, now()).await.unwrap();
    let found = found.unwrap();
    assert_eq!((found.person.as_str(), found.mfa_level), ("ada", 3));
    assert_eq!(found.about, "Firefox on Linux");
    assert!(!goes_on(&hospital, "another", now()).await);
    assert!(!goes_on(&hospital, &token, later(SESSION_IDLE_MS)).await);
    let mut at = 0;
    while at + SESSION_IDLE_MS / 2 < SESSION_MS {
        assert!(goes_on(&hospital, &token, later(at)).await, "{at}");
        at += SESSION_IDLE_MS / 2;
    }
    assert!(goes_on(&hospital, &token, later(SESSION_MS - 1)).await);
    assert!(!goes_on(&hospital, &token, later(SESSION_MS)).await);
}

#[tokio::test]
async fn a_rotated_session_leaves_its_old_token_worthless_and_lasts_no_longer() {
    let hospital = staffed().await;
    let old = session(&hospital, "ada").await;
    let proof = Rotation {
        means: Means::PasswordTotp,
        mfa_level: 2,
    };
    let new = hospital
        .store
        .rotate_session(&old, proof, later(60_000))
        .await;
    let new = new.unwrap().unwrap();
    assert!(!goes_on(&hospital, &old, later(60_000)).await);
    let found = hospital
        .store
        .find_session(new.token.expose_secret(), later(60_000))
        .await;
    let found = found.unwrap().unwrap();
    assert_eq!(found.proven_at, later(60_000));
    assert_eq!(found.ends_at, later(SESSION_MS));
    let again = hospital
        .store
        .rotate_session(&old, proof, later(60_000))
        .await;
    assert!(again.unwrap().is_none());
    assert_eq!(
        told(&hospital).await,
        ["session.started", "session.started"]
    );
}

#[tokio::test]
async fn an_ended_session_is_over_at_once_for_everybody() {
    let hospital = staffed().await;
    let (here, there) = (
        session(&hospital, "ada").await,
        session(&hospital, "ada").await,
    );
    let other = hospital.again().await;
    let sessions = other.sessions_of("ada", now()).await.unwrap();
    assert_eq!(sessions.len(), 2);
    let of_here = hospital.store.find_session(&here, now()).await.unwrap();
    let of_here = of_here.unwrap().id;
    let stranger = other.revoke_session("ben", of_here, now()).await.unwrap();
    assert!(!stranger, "of somebody else");
    let ended = other
        .end_sessions_of("ada", Some(of_here), SessionEnd::Revoked, now())
        .await;
    assert_eq!(ended.unwrap(), 1);
    assert!(!goes_on(&hospital, &there, now()).await);
    assert!(goes_on(&hospital, &here, now()).await);
    assert!(hospital.store.end_session(&here, now()).await.unwrap());
    assert!(!goes_on(&hospital, &here, now()).await);
    assert_eq!(
        told(&hospital).await[2..],
        ["session.ended revoked", "session.ended signed_out"]
    );
}

#[tokio::test]
async fn whoever_is_suspended_has_no_session() {
    let hospital = staffed().await;
    let token = session(&hospital, "ada").await;
    hospital
        .yaml(&person("ada", "suspended", "nurse"))
        .await
        .unwrap();
    assert!(!goes_on(&hospital, &token, now()).await);
    assert!(
        hospital
            .store
            .start_session(&of("ada"), now())
            .await
            .is_err()
    );
    assert!(
        hospital
            .store
            .start_session(&of("nobody"), now())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_provider_ends_the_sessions_that_it_names() {
    let hospital = staffed().await;
    let named = |session| ProviderSession {
        issuer: "https://idp.example",
        subject: "s-1",
        session,
    };
    let mut tokens = Vec::new();
    for sid in ["a", "b"] {
        let request = SessionRequest {
            provider: Some(named(Some(sid))),
            ..of("ada")
        };
        let session = hospital.store.start_session(&request, now()).await.unwrap();
        tokens.push(session.token);
    }
    let store = &hospital.store;
    assert_eq!(
        store
            .end_provider_sessions(&named(Some("a")), now())
            .await
            .unwrap(),
        1
    );
    assert!(!goes_on(&hospital, tokens[0].expose_secret(), now()).await);
    assert!(goes_on(&hospital, tokens[1].expose_secret(), now()).await);
    assert_eq!(
        store
            .end_provider_sessions(&named(None), now())
            .await
            .unwrap(),
        1
    );
    assert!(!goes_on(&hospital, tokens[1].expose_secret(), now()).await);
}

#[tokio::test]
async fn nobody_piles_up_sessions() {
    let hospital = staffed().await;
    let first = session(&hospital, "ada").await;
    let later = at("2026-11-23T10:00:01Z");
    for _ in 0..SESSIONS_MAX {
        let store = &hospital.store;
        store.start_session(&of("ada"), later).await.unwrap();
    }
    assert!(!goes_on(&hospital, &first, later).await);
    let sessions = hospital.store.sessions_of("ada", now()).await.unwrap();
    assert_eq!(sessions.len(), SESSIONS_MAX);
}

#[tokio::test]
async fn a_link_is_good_once_for_a_day_and_only_the_latest() {
    let hospital = staffed().await;
    let store = &hospital.store;
    store.open_account("ada", now()).await.unwrap();
    let first = link_for(&hospital, "ada", LinkPurpose::Enrol).await;
    let second = link_for(&hospital, "ada", LinkPurpose::Enrol).await;
    assert!(store.find_link(&first, now()).await.unwrap().is_none());
    let found = store.find_link(&second, now()).await.unwrap().unwrap();
    assert_eq!(found.person, "ada");
    let late = later(LINK_HOURS * 3_600_000);
    assert!(store.find_link(&second, late).await.unwrap().is_none());
    assert!(
        store
            .enrol(&second, &[passkey(b"1")], late)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        store
            .enrol(&second, &[passkey(b"1")], now())
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        store
            .enrol(&second, &[passkey(b"2")], now())
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(store.credentials("ada").await.unwrap().len(), 1);
    assert_eq!(
        told(&hospital).await,
        ["enrolment.issued", "enrolment.issued", "credential.added"]
    );
}

#[tokio::test]
async fn a_password_alone_enrols_nobody_and_the_link_stays_good() {
    let hospital = staffed().await;
    let store = &hospital.store;
    store.open_account("ada", now()).await.unwrap();
    let link = link_for(&hospital, "ada", LinkPurpose::Enrol).await;
    let password = NewCredential {
        label: "",
        secret: NewSecret::Password(b"hash"),
    };
    let totp = NewCredential {
        label: "",
        secret: NewSecret::Totp(b"secret"),
    };
    assert!(store.enrol(&link, &[password], now()).await.is_err());
    assert!(
        store
            .enrol(&link, &[password, totp], now())
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn recovery_replaces_every_way_to_sign_in_and_ends_every_session() {
    let hospital = staffed().await;
    enrolled(&hospital, "ada").await;
    let token = session(&hospital, "ada").await;
    let device = hospital.store.remember_device("ada", now()).await.unwrap();
    let link = hospital.store.recover_person("ada", now()).await.unwrap();
    assert!(!goes_on(&hospital, &token, now()).await);
    let link = link.expose_secret();
    let found = hospital
        .store
        .find_link(link, now())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.purpose, LinkPurpose::Recover);
    let new = [passkey(b"new")];
    assert!(
        hospital
            .store
            .enrol(link, &new, now())
            .await
            .unwrap()
            .is_some()
    );
    assert!(hospital.store.passkey(b"ada").await.unwrap().is_none());
    assert!(hospital.store.passkey(b"new").await.unwrap().is_some());
    let device = device.expose_secret();
    assert!(
        !hospital
            .store
            .knows_device(device, "ada", now())
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn a_passkey_belongs_to_one_person() {
    let hospital = staffed().await;
    enrolled(&hospital, "ada").await;
    hospital.store.open_account("ben", now()).await.unwrap();
    let taken = hospital
        .store
        .add_credential("ben", &passkey(b"ada"), now())
        .await;
    assert!(matches!(taken, Err(RecordsError::AccountRefused { .. })));
    let ada = hospital.store.passkey(b"ada").await.unwrap().unwrap();
    assert_eq!((ada.person.as_str(), ada.label.as_str()), ("ada", "Laptop"));
    assert_eq!(ada.secret.as_slice(), b"what checks it");
    let renamed = hospital.store.name_credential("ben", ada.id, "Mine").await;
    assert!(renamed.is_err());
    assert!(
        hospital
            .store
            .remove_credential("ben", ada.id, now())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn the_last_way_to_sign_in_stays() {
    let hospital = staffed().await;
    enrolled(&hospital, "ada").await;
    let first = hospital.store.passkey(b"ada").await.unwrap().unwrap().id;
    assert!(
        hospital
            .store
            .remove_credential("ada", first, now())
            .await
            .is_err()
    );
    hospital
        .store
        .add_credential("ada", &passkey(b"2"), now())
        .await
        .unwrap();
    hospital
        .store
        .remove_credential("ada", first, now())
        .await
        .unwrap();
    assert!(hospital.store.passkey(b"ada").await.unwrap().is_none());
}

#[tokio::test]
async fn the_second_last_administrator_is_neither_suspended_nor_demoted() {
    let hospital = staffed().await;
    for id in ["ada", "ben", "cleo"] {
        enrolled(&hospital, id).await;
    }
    let store = &hospital.store;
    assert_eq!(
        store.enrolled_administrators().await.unwrap(),
        ["ada", "ben", "cleo"]
    );
    hospital
        .yaml(&person("cleo", "suspended", "administrator"))
        .await
        .unwrap();
    for change in [
        person("ben", "suspended", "administrator"),
        person("ben", "active", "nurse"),
    ] {
        let refused = hospital.yaml(&change).await.unwrap_err().to_string();
        assert!(refused.contains("2 must stay"), "{refused}");
    }
    assert_eq!(
        store.enrolled_administrators().await.unwrap(),
        ["ada", "ben"]
    );
}

#[tokio::test]
async fn one_time_codes_and_recovery_codes_are_taken_once() {
    let hospital = staffed().await;
    let store = &hospital.store;
    for id in ["ada", "ben"] {
        store.open_account(id, now()).await.unwrap();
    }
    let totp = NewCredential {
        label: "Phone",
        secret: NewSecret::Totp(b"secret"),
    };
    let id = store.add_credential("ada", &totp, now()).await.unwrap();
    assert!(store.spend_totp_step(id, 7).await.unwrap());
    assert!(!store.spend_totp_step(id, 7).await.unwrap(), "again");
    assert!(
        !store.spend_totp_step(id, 6).await.unwrap(),
        "an earlier one"
    );
    assert!(store.spend_totp_step(id, 8).await.unwrap());

    let codes = ["one", "two"].map(|code| Zeroizing::new(code.to_owned()));
    let recovery = NewCredential {
        label: "",
        secret: NewSecret::Recovery(&codes),
    };
    store.add_credential("ada", &recovery, now()).await.unwrap();
    assert_eq!(store.recovery_codes_left("ada").await.unwrap(), 2);
    assert!(
        !store
            .spend_recovery_code("ben", "one", now())
            .await
            .unwrap()
    );
    assert!(
        store
            .spend_recovery_code("ada", "one", now())
            .await
            .unwrap()
    );
    assert!(
        !store
            .spend_recovery_code("ada", "one", now())
            .await
            .unwrap()
    );
    assert_eq!(store.recovery_codes_left("ada").await.unwrap(), 1);
    let later = at("2026-11-23T10:00:01Z");
    store.add_credential("ada", &recovery, later).await.unwrap();
    let kinds = store.credentials("ada").await.unwrap();
    let kinds: Vec<CredentialKind> = kinds.iter().map(|way| way.kind).collect();
    assert_eq!(kinds, [CredentialKind::Totp, CredentialKind::Recovery]);
    assert_eq!(
        store.recovery_codes_left("ada").await.unwrap(),
        2,
        "new ones"
    );
}

#[tokio::test]
async fn a_challenge_is_taken_once_in_time_for_what_it_was_made() {
    let hospital = staffed().await;
    let store = &hospital.store;
    let put = async || -> SecretString {
        let kind = ChallengeKind::PasskeySignIn;
        store.put_challenge(kind, b"state", now()).await.unwrap()
    };
    let take = async |kind, token: &SecretString, at| {
        store
            .take_challenge(kind, token.expose_secret(), at)
            .await
            .unwrap()
    };
    let token = put().await;
    let other = ChallengeKind::PasskeyRegistration;
    assert!(take(other, &token, now()).await.is_none());
    let state = take(ChallengeKind::PasskeySignIn, &token, now())
        .await
        .unwrap();
    assert_eq!(state.as_slice(), b"state");
    assert!(
        take(ChallengeKind::PasskeySignIn, &token, now())
            .await
            .is_none()
    );
    let token = put().await;
    let late = later(CHALLENGE_MS);
    assert!(
        take(ChallengeKind::PasskeySignIn, &token, late)
            .await
            .is_none()
    );
    let (first, mut last) = (put().await, put().await);
    for _ in 0..CHALLENGES_MAX / 64 {
        last = put().await;
    }
    assert!(
        take(ChallengeKind::PasskeySignIn, &first, now())
            .await
            .is_some()
    );
    assert!(
        take(ChallengeKind::PasskeySignIn, &last, now())
            .await
            .is_some()
    );
}

#[tokio::test]
async fn a_device_is_known_for_its_person_only() {
    let hospital = staffed().await;
    let store = &hospital.store;
    let device = store.remember_device("ada", now()).await.unwrap();
    let device = device.expose_secret();
    assert!(store.knows_device(device, "ada", now()).await.unwrap());
    assert!(!store.knows_device(device, "ben", now()).await.unwrap());
    let late = later(91 * 24 * 3_600_000);
    assert!(!store.knows_device(device, "ada", late).await.unwrap());
}

#[tokio::test]
async fn no_secret_of_a_person_is_at_rest() {
    let hospital = staffed().await;
    enrolled(&hospital, "ada").await;
    let store = &hospital.store;
    let token = session(&hospital, "ada").await;
    let link = link_for(&hospital, "ada", LinkPurpose::Enrol).await;
    let device = store.remember_device("ada", now()).await.unwrap();
    let codes = [Zeroizing::new("very-secret-code".to_owned())];
    let recovery = NewCredential {
        label: "Drawer at home",
        secret: NewSecret::Recovery(&codes),
    };
    store.add_credential("ada", &recovery, now()).await.unwrap();
    store.close().await;
    for (path, bytes) in hospital.raw_bytes() {
        for needle in [
            token.as_str(),
            link.as_str(),
            device.expose_secret(),
            "very-secret-code",
            "what checks it",
            "Drawer at home",
            "Firefox on Linux",
        ] {
            assert!(!holds(&bytes, needle), "{}", path.display());
        }
    }
}
