//! Apps and people who prove themselves by tokens and certificates, and what the ledger tells.

use std::sync::Arc;

use rustls::pki_types::ServerName;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use wardgate_identity::{ClientCertificate, digest_of};
use wardgate_records::events::{EventKind, StoredEvent};

use crate::hospital::{Around, Hospital, says};
use crate::tls::Authority;
use crate::token_world::World;

const NOTE: &str = "It is Maria Schmidt-Rojas.";
const TREAT: &[(&str, &str)] = &[("wardgate-purpose", "TREAT")];

fn last_intent(hospital: &Hospital) -> StoredEvent {
    let events = hospital.events().into_iter().rev();
    let mut intents = events.filter(|event| event.kind == EventKind::CallIntent);
    intents.next().unwrap()
}

#[tokio::test]
async fn a_token_of_an_app_launch_calls_for_its_user_about_its_patient() {
    let world = World::open().await;
    let token = world.ehr.token(&json!({"patient": "maria"}));
    let answer = world.hospital.call(&token, TREAT, &says(NOTE)).await;
    assert_eq!(answer.content(), NOTE);
    assert!(!world.hospital.model.last_body().contains("Maria"));
    let intent = last_intent(&world.hospital);
    assert_eq!(intent.text("app"), Some("ward-notes"));
    assert_eq!(intent.text("person"), Some("dr.osei"));
    assert_eq!(intent.text("credential"), Some("ehr_token"));
    assert_eq!(intent.digest("credential_digest"), Some(digest_of(&token)));
    assert!(intent.text("patient").is_some() && intent.text("key").is_none());
    assert!(!world.hospital.ledger_text().contains(&token));
}

#[tokio::test]
async fn an_access_token_of_ours_calls_for_the_app_alone() {
    let world = World::open().await;
    let token = world.access_token("batch", &["wardgate/call"], None);
    let answer = world
        .hospital
        .call(&token, &[("wardgate-purpose", "HOPERAT")], &says("A text."))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let intent = last_intent(&world.hospital);
    assert_eq!(intent.text("credential"), Some("access_token"));
    assert_eq!(
        (intent.text("app"), intent.text("person")),
        (Some("batch"), None)
    );
    let models = world.hospital.get("/v1/models", &token).await;
    assert!(models.text().contains("note-helper-1"), "{}", models.text());
}

#[tokio::test]
async fn the_token_of_a_person_stands_beside_the_key_of_an_app_and_both_are_recorded() {
    let world = World::open().await;
    let key = world.hospital.key("ward-notes", None).await;
    let person = world.person("lind", &json!({"amr": ["pwd", "otp"]}));
    let headers = [
        ("wardgate-purpose", "TREAT"),
        ("wardgate-patient", "Patient/maria"),
        ("wardgate-on-behalf-of", person.as_str()),
    ];
    let answer = world.hospital.call(&key, &headers, &says(NOTE)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let intent = last_intent(&world.hospital);
    assert_eq!(intent.text("person"), Some("dr.lind"));
    assert!(intent.record_id("key").is_some());
    assert_eq!(intent.digest("on_behalf_of"), Some(digest_of(&person)));
}

/// A chat call over TLS, with a certificate and, if given, a bearer credential.
async fn over_tls(
    world: &World,
    authority: &Authority,
    own: (std::path::PathBuf, std::path::PathBuf),
    bearer: Option<&str>,
    purpose: &str,
) -> String {
    let client = authority.client(&rustls::version::TLS13, Some(own));
    let stream = TcpStream::connect(world.hospital.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let connector = TlsConnector::from(Arc::new(client));
    let mut stream = connector.connect(name, stream).await.unwrap();
    let body = says("A text.").to_string();
    let bearer = bearer.map_or_else(String::new, |text| {
        format!("authorization: Bearer {text}\r\n")
    });
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: gate\r\n{bearer}wardgate-purpose: {purpose}\r\n\
         content-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).await.unwrap();
    String::from_utf8(heard).unwrap()
}

#[tokio::test]
async fn a_client_certificate_is_its_app_and_no_other() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let world = World::around(Around {
        listener: Some(authority.listener(Some(clients.ca()))),
        ..Around::default()
    })
    .await;
    let alone = over_tls(&world, &authority, clients.issue("batch"), None, "HOPERAT").await;
    assert!(alone.starts_with("HTTP/1.1 200"), "{alone}");
    let intent = last_intent(&world.hospital);
    assert_eq!(
        (intent.text("app"), intent.text("credential")),
        (Some("batch"), Some("certificate"))
    );

    let unknown = over_tls(
        &world,
        &authority,
        clients.issue("stranger"),
        None,
        "HOPERAT",
    )
    .await;
    assert!(unknown.contains("identity.key_missing"), "{unknown}");
    let batch = world.hospital.key("batch", None).await;
    let other = over_tls(
        &world,
        &authority,
        clients.issue("ward-notes"),
        Some(&batch),
        "HOPERAT",
    )
    .await;
    assert!(other.contains("identity.certificate_other"), "{other}");
}

#[tokio::test]
async fn a_token_bound_to_a_certificate_is_nothing_without_it() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let world = World::around(Around {
        listener: Some(authority.listener(Some(clients.ca()))),
        ..Around::default()
    })
    .await;
    let own = clients.issue("batch");
    let pem = rustls::pki_types::pem::PemObject::from_pem_file(&own.0);
    let der: rustls::pki_types::CertificateDer<'_> = pem.unwrap();
    let bound = ClientCertificate::read(&der).unwrap().confirmation();
    let token = world.access_token("batch", &["wardgate/call"], Some(&bound));
    let with = over_tls(&world, &authority, own, Some(&token), "HOPERAT").await;
    assert!(with.starts_with("HTTP/1.1 200"), "{with}");
    // Another certificate of the same app, issued by the same authority.
    let again = over_tls(
        &world,
        &authority,
        clients.issue("batch"),
        Some(&token),
        "HOPERAT",
    )
    .await;
    assert!(again.contains("identity.token_invalid"), "{again}");
    let plain = World::open().await;
    let stolen = plain
        .hospital
        .call(&token, &[("wardgate-purpose", "HOPERAT")], &says("A text."))
        .await;
    assert_eq!(
        (stolen.code(), stolen.status.as_u16()),
        ("identity.token_invalid".to_owned(), 401)
    );
}
