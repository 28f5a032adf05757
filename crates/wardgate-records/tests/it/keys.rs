//! The life of an API key.

use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;
use wardgate_records::{KeyRefusal, KeyRequest, NewKey, PresentedKey, RecordsError, Store};

use crate::hospital::{Hospital, now};

fn request() -> KeyRequest<'static> {
    KeyRequest {
        app: "ward-notes",
        person: Some("dr.osei"),
        environment: "test",
        expires: now() + SignedDuration::from_hours(24 * 30),
        systems: &[],
        purposes: &[],
    }
}

fn identify(store: &Store, key: &NewKey, at: Timestamp) -> Result<String, KeyRefusal> {
    let presented = PresentedKey::parse(key.secret.expose_secret()).unwrap();
    let snapshot = store.snapshot();
    snapshot.identify(&presented, at).map(|key| key.app.clone())
}

#[tokio::test]
async fn a_key_is_known_from_the_next_refresh_on_until_it_is_revoked() {
    let hospital = Hospital::furnished().await;
    let gate = hospital.again().await;
    let key = hospital.store.create_key(&request(), now()).await.unwrap();
    assert_eq!(identify(&gate, &key, now()), Err(KeyRefusal::Unknown));
    gate.refresh(now()).await.unwrap();
    assert_eq!(identify(&gate, &key, now()).unwrap(), "ward-notes");
    assert!(hospital.store.revoke_key(key.id, now()).await.unwrap());
    assert!(!hospital.store.revoke_key(key.id, now()).await.unwrap());
    gate.refresh(now()).await.unwrap();
    assert_eq!(
        identify(&gate, &key, now()),
        Err(KeyRefusal::Revoked(key.id))
    );
}

#[tokio::test]
async fn a_key_expires_by_the_clock() {
    let hospital = Hospital::furnished().await;
    let key = hospital.store.create_key(&request(), now()).await.unwrap();
    let before = key.expires - SignedDuration::from_millis(1);
    assert!(identify(&hospital.store, &key, before).is_ok());
    assert_eq!(
        identify(&hospital.store, &key, key.expires),
        Err(KeyRefusal::Expired(key.id))
    );
}

#[tokio::test]
async fn two_keys_live_for_rotation_and_no_third() {
    let hospital = Hospital::furnished().await;
    let store = &hospital.store;
    let old = store.create_key(&request(), now()).await.unwrap();
    let new = store.create_key(&request(), now()).await.unwrap();
    assert!(identify(store, &old, now()).is_ok() && identify(store, &new, now()).is_ok());
    let third = store.create_key(&request(), now()).await;
    assert!(matches!(third, Err(RecordsError::KeyRefused { .. })));
    // Another person, or none, is another pair.
    let for_nobody = KeyRequest {
        person: None,
        ..request()
    };
    store.create_key(&for_nobody, now()).await.unwrap();
    store.revoke_key(old.id, now()).await.unwrap();
    store.create_key(&request(), now()).await.unwrap();
}

#[tokio::test]
async fn a_scope_narrows_systems_and_purposes() {
    let hospital = Hospital::furnished().await;
    let systems = ["note-helper".to_owned()];
    let purposes = ["TREAT".to_owned()];
    let scoped = KeyRequest {
        systems: &systems,
        purposes: &purposes,
        ..request()
    };
    let key = hospital.store.create_key(&scoped, now()).await.unwrap();
    let snapshot = hospital.store.snapshot();
    let presented = PresentedKey::parse(key.secret.expose_secret()).unwrap();
    let found = snapshot.identify(&presented, now()).unwrap();
    assert!(found.allows_system("note-helper") && !found.allows_system("other"));
    assert!(found.allows_purpose("TREAT") && !found.allows_purpose("HRESCH"));
    assert_eq!(found.person.as_deref(), Some("dr.osei"));
}

#[tokio::test]
async fn a_key_for_something_unknown_or_without_end_is_refused() {
    let hospital = Hospital::furnished().await;
    let unknown = ["nothing".to_owned()];
    let expired = now();
    let endless = now() + SignedDuration::from_hours(24 * 401);
    for (request, expected) in [
        (
            KeyRequest {
                app: "nobody",
                ..request()
            },
            "there is no app `nobody`",
        ),
        (
            KeyRequest {
                person: Some("x"),
                ..request()
            },
            "there is no person `x`",
        ),
        (
            KeyRequest {
                systems: &unknown,
                ..request()
            },
            "there is no system `nothing`",
        ),
        (
            KeyRequest {
                purposes: &unknown,
                ..request()
            },
            "the API key cannot be made: the purpose `nothing` is not known",
        ),
        (
            KeyRequest {
                expires: expired,
                ..request()
            },
            "the API key cannot be made: it would have expired already",
        ),
        (
            KeyRequest {
                expires: endless,
                ..request()
            },
            "the API key cannot be made: it would be valid for more than 400 days",
        ),
        (
            KeyRequest {
                environment: "Prod_1",
                ..request()
            },
            "the API key cannot be made: its environment must be 1 to 16 of `a-z` and `0-9`",
        ),
    ] {
        let refused = hospital
            .store
            .create_key(&request, now())
            .await
            .unwrap_err();
        assert_eq!(refused.to_string(), expected);
    }
}

#[tokio::test]
async fn the_text_of_a_key_is_nowhere_on_disk() {
    let hospital = Hospital::furnished().await;
    let key = hospital.store.create_key(&request(), now()).await.unwrap();
    let text = key.secret.expose_secret();
    let random = text.split('_').nth(2).unwrap();
    assert!(!format!("{key:?}").contains(random));
    for (path, bytes) in hospital.raw_bytes() {
        assert!(
            !crate::hospital::holds(&bytes, random),
            "{}",
            path.display()
        );
    }
}

#[tokio::test]
async fn revoking_an_unknown_key_is_an_error() {
    let hospital = Hospital::furnished().await;
    let id = wardgate_records::RecordId::from_bytes([1; 16]);
    let refused = hospital.store.revoke_key(id, now()).await;
    assert!(matches!(refused, Err(RecordsError::Unknown { .. })));
}
