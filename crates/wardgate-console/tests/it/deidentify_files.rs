//! `$de-identify` over files: where they are fetched from, how a request is followed, who may fetch what came of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use wardgate_console::{FileSource, Settings};
use wardgate_identity::{Fetch, FetchFault};

use crate::deidentify::{Export, FHIR, check_clean, json_of, patient, weight};
use crate::stage::{ORIGIN, Reply};

/// A server of files that writes down what it is asked for, and answers when it may.
struct Server {
    files: BTreeMap<String, (u16, String)>,
    asked: Mutex<Vec<(String, Option<String>)>>,
    answers: Semaphore,
}

impl Server {
    fn with(files: &[(&str, u16, String)]) -> Arc<Self> {
        let files = files.iter().map(|(path, status, body)| {
            let address = format!("{SOURCE}{path}");
            (address, (*status, body.clone()))
        });
        Arc::new(Self {
            files: files.collect(),
            asked: Mutex::default(),
            answers: Semaphore::new(1_000),
        })
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

#[async_trait]
impl Fetch for Server {
    async fn fetch(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, FetchFault> {
        let address = request.uri().to_string();
        let token = request.headers().get("authorization");
        let token = token.map(|token| token.to_str().unwrap().to_owned());
        self.asked.lock().unwrap().push((address.clone(), token));
        self.answers.acquire().await.unwrap().forget();
        let (status, body) = self.files.get(&address).ok_or(FetchFault::Unreachable)?;
        let answer = http::Response::builder().status(*status);
        Ok(answer.body(body.clone().into_bytes()).unwrap())
    }
}

async fn export(server: &Arc<Server>) -> Export {
    let token = Some(SecretString::from("t0ken"));
    let mut settings = Settings::at(ORIGIN.to_owned());
    settings.file_sources = vec![
        FileSource::new("https://other.example.org/", None).unwrap(),
        FileSource::new(SOURCE, token).unwrap(),
    ];
    let server = Arc::clone(server);
    Export::with(|parts| {
        parts.settings = Arc::new(settings);
        parts.fetch_files = server;
    })
    .await
}

fn order(files: &[(&str, &str)]) -> String {
    let data = files.iter().map(|(kind, address)| {
        let address = match address.contains("://") {
            true => (*address).to_owned(),
            false => format!("{SOURCE}{address}"),
        };
        json!({"name": "data", "part": [
            {"name": "resourceType", "valueCode": kind},
            {"name": "resourceUrl", "valueUrl": address},
        ]})
    });
    let mut parameter = vec![json!({"name": "format", "valueCode": "fhir+ndjson"})];
    parameter.extend(data);
    json!({"resourceType": "Parameters", "parameter": [
        {"name": "policy", "valueString": "safe-harbor"},
        {"name": "identifiableDataFileUrls", "resource": {
            "resourceType": "Parameters", "parameter": parameter,
        }},
    ]})
    .to_string()
}

impl Export {
    async fn ask_for(&self, files: &[(&str, &str)]) -> Reply {
        let headers = self.headers(&[
            "content-type: application/fhir+json",
            "prefer: respond-async",
        ]);
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        self.stage.send("POST", PATH, &headers, &order(files)).await
    }

    /// Asks at an address that the console gave.
    async fn at(&self, method: &str, address: &str, more: &[&str]) -> Reply {
        let path = address.strip_prefix(ORIGIN).unwrap();
        let headers = self.headers(more);
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        self.stage.send(method, path, &headers, "").await
    }

    /// What a request comes to.
    async fn end_of(&self, address: &str, more: &[&str]) -> Reply {
        loop {
            let reply = self.at("GET", address, more).await;
            if reply.status != 202 {
                return reply;
            }
            assert!(reply.header("x-progress").is_some(), "{reply:?}");
            tokio::task::yield_now().await;
        }
    }

    fn headers(&self, more: &[&str]) -> Vec<String> {
        let mut headers = vec![format!("authorization: Bearer {}", self.key)];
        headers.extend(more.iter().map(|header| (*header).to_owned()));
        headers
    }
}

/// The addresses of the files that an answer names, by type.
fn addresses(answer: &Value, name: &str) -> Vec<(String, String)> {
    assert_eq!(answer["parameter"][0]["name"], name);
    let files = &answer["parameter"][0]["resource"];
    assert_eq!(files["parameter"][0]["valueCode"], "fhir+ndjson");
    let data = files["parameter"].as_array().unwrap().iter().skip(1);
    data.map(|data| {
        let text = |at: usize, name: &str, value: &str| {
            assert_eq!(data["part"][at]["name"], name);
            data["part"][at][value].as_str().unwrap().to_owned()
        };
        (
            text(0, "resourceType", "valueCode"),
            text(1, "resourceUrl", "valueUrl"),
        )
    })
    .collect()
}

fn two_files() -> Arc<Server> {
    let weights = format!("{}\n\n{}\n", weight(), weight());
    Server::with(&[
        ("weights.ndjson", 200, weights),
        ("patients.ndjson", 200, patient().to_string()),
    ])
}

const SOURCE: &str = "https://bulk.example.org/exports/";
const PATH: &str = "/fhir/$de-identify";
const TWO: &[(&str, &str)] = &[
    ("Observation", "weights.ndjson"),
    ("Patient", "patients.ndjson"),
];

#[tokio::test]
async fn a_request_is_followed_to_its_files_and_their_patients_are_known_across_them() {
    let server = two_files();
    let export = export(&server).await;
    let reply = export.ask_for(TWO).await;
    assert_eq!(reply.status, 202, "{reply:?}");
    let address = reply.header("content-location").unwrap();
    let ended = export.end_of(address, &[]).await;
    assert_eq!(ended.status, 200, "{ended:?}");
    assert!(ended.header("expires").is_some());
    let files = addresses(&json_of(&ended), "de-identifiedDataFileUrls");
    assert_eq!(files[0].0, "Observation");
    assert_eq!(files[1].0, "Patient");

    let mut records = Vec::new();
    for (kind, address) in &files {
        let file = export.at("GET", address, &[]).await;
        assert_eq!(file.status, 200, "{file:?}");
        assert_eq!(file.header("content-type"), Some("application/fhir+ndjson"));
        assert_eq!(file.header("cache-control"), Some("no-store"));
        check_clean(&file.body);
        for line in file.body.lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            assert_eq!(record["resourceType"], **kind);
            records.push(record);
        }
    }
    let [first, second, patient] = &records[..] else {
        panic!("{records:?}")
    };
    assert_eq!(first, second);
    let id = patient["id"].as_str().unwrap();
    assert_eq!(first["subject"]["reference"], format!("Patient/{id}"));

    let asked = server.asked.lock().unwrap().clone();
    let token = Some("Bearer t0ken".to_owned());
    assert_eq!(asked[0], (format!("{SOURCE}weights.ndjson"), token));
    let told = export.told("dataset.deidentified");
    let resources: Vec<_> = told.iter().map(|event| event.number("resources")).collect();
    assert_eq!(resources, [Some(2), Some(1)]);
    export.check_ledger();

    // A client of bulk data is answered as it is used to.
    let manifest = export.end_of(address, &["accept: application/json"]).await;
    assert_eq!(manifest.header("content-type"), Some("application/json"));
    let manifest = json_of(&manifest);
    assert_eq!(manifest["requiresAccessToken"], true);
    assert_eq!(manifest["output"][0]["url"], files[0].1);
    assert_eq!(manifest["output"][0]["count"], 2);

    // It is over when its author says so.
    assert_eq!(export.at("DELETE", address, &[]).await.status, 202);
    for address in [address, &files[0].1] {
        assert_eq!(export.at("GET", address, &[]).await.status, 404);
    }
}

#[tokio::test]
async fn who_does_not_prefer_to_ask_again_waits_for_the_addresses() {
    let export = export(&two_files()).await;
    // One that comes to nothing takes no room.
    let nothing = order(&[("Patient", "absent.ndjson")]);
    assert_eq!(export.send(PATH, FHIR, &nothing).await.status, 502);
    for (path, name) in [
        (PATH, "de-identifiedDataFileUrls"),
        ("/fhir/$deidentify", "deidentifiedDataFileUrls"),
    ] {
        let reply = export.send(path, FHIR, &order(TWO)).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let files = addresses(&json_of(&reply), name);
        check_clean(&export.at("GET", &files[1].1, &[]).await.body);
    }
    // Two are kept, and their files with them.
    let reply = export.ask_for(TWO).await;
    assert_eq!(reply.status, 429, "{reply:?}");
}

#[tokio::test]
async fn what_is_at_no_source_is_not_fetched() {
    let server = two_files();
    let export = export(&server).await;
    for elsewhere in [
        "https://evil.example/Patient.ndjson",
        "http://bulk.example.org/exports/Patient.ndjson",
        "https://bulk.example.org/exports/../secret",
        "https://bulk.example.org/exports/..%2Fsecret",
        "https://bulk.example.org/secret",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
    ] {
        let reply = export.ask_for(&[TWO[0], ("Patient", elsewhere)]).await;
        assert_eq!(reply.status, 422, "{elsewhere}: {reply:?}");
        let text = json_of(&reply)["issue"][0]["diagnostics"].to_string();
        assert!(text.starts_with("\"file 2 is at none"), "{text}");
    }
    assert_eq!(server.asked(), 0);
}

#[tokio::test]
async fn a_file_that_does_not_come_or_does_not_fit_ends_the_request_by_its_number() {
    let server = Server::with(&[
        ("patients.ndjson", 200, patient().to_string()),
        ("moved.ndjson", 302, String::new()),
        ("bad.ndjson", 200, format!("{}\n{{\"Ashgrove\"", patient())),
        ("large.ndjson", 200, "\n".repeat(40 << 20)),
    ]);
    let export = export(&server).await;
    for (second, status, told) in [
        (
            ("Patient", "absent.ndjson"),
            502,
            "file 2 can not be fetched",
        ),
        (
            ("Patient", "moved.ndjson"),
            502,
            "file 2 can not be fetched: its server answers 302",
        ),
        (("Patient", "bad.ndjson"), 422, "file 2, line 2"),
        (
            ("Encounter", "patients.ndjson"),
            422,
            "file 2, line 1: this resource has another type",
        ),
    ] {
        let reply = export.ask_for(&[TWO[1], second]).await;
        let address = reply.header("content-location").unwrap();
        let ended = export.end_of(address, &[]).await;
        assert_eq!(ended.status, status, "{ended:?}");
        let text = json_of(&ended)["issue"][0]["diagnostics"].to_string();
        assert!(text.contains(told), "{text}");
        check_clean(&ended.body);
        assert_eq!(export.at("DELETE", address, &[]).await.status, 202);
    }
    let large = [("Patient", "large.ndjson"), ("Patient", "large.ndjson")];
    let reply = export.send(PATH, FHIR, &order(&large)).await;
    assert_eq!(reply.status, 413, "{reply:?}");
    assert!(export.told("dataset.deidentified").is_empty());
    let reasons: Vec<_> = export.told("dataset.refused");
    let reasons: Vec<_> = reasons.iter().map(|event| event.text("reasons")).collect();
    assert_eq!(reasons, [Some("fhir.json"), Some("fhir.other_resource")]);
    export.check_ledger();
}

#[tokio::test]
async fn a_request_is_its_authors_alone_and_ends_while_it_fetches() {
    let server = two_files();
    server.answers.forget_permits(1_000);
    let export = export(&server).await;
    let reply = export.ask_for(TWO).await;
    let address = reply.header("content-location").unwrap();
    while server.asked() == 0 {
        tokio::task::yield_now().await;
    }
    let look = export.at("GET", address, &[]).await;
    assert_eq!(look.status, 202, "{look:?}");
    assert_eq!(look.header("x-progress"), Some("fetching file 1 of 2"));
    let file = format!("{address}/1-Observation.ndjson");
    assert_eq!(export.at("GET", &file, &[]).await.status, 404);

    let path = address.strip_prefix(ORIGIN).unwrap();
    let others = [
        (export.stage.key("bystander").await, 403),
        (export.stage.key("second").await, 404),
        ("wg_test_nobody".to_owned(), 401),
    ];
    for (key, status) in &others {
        let bearer = format!("authorization: Bearer {key}");
        for (method, path) in [
            ("GET", path.to_owned()),
            ("DELETE", path.to_owned()),
            ("GET", format!("{path}/1-Observation.ndjson")),
        ] {
            let reply = export.stage.send(method, &path, &[&bearer], "").await;
            assert_eq!(reply.status, *status, "{method} {reply:?}");
        }
    }
    assert_eq!(export.at("DELETE", address, &[]).await.status, 202);
    assert_eq!(export.at("GET", address, &[]).await.status, 404);
    server.answers.add_permits(10);
    // What was ended leaves nothing behind: there is room again.
    for _ in 0..2 {
        assert_eq!(export.ask_for(TWO).await.status, 202);
    }
    assert!(server.asked() >= 1);
}
