//! A hospital with a record system that signs tokens, and with tokens of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};
use wardgate_gateway::{Trust, TrustedIssuer};
use wardgate_identity::{AccessTokens, Fetch, FetchFault, Grant, JwksAges, KeySources};

use crate::hospital::{Around, Hospital, START};

pub(crate) const EHR: &str = "https://ehr.example.org";
pub(crate) const IDP: &str = "https://id.example.org";
pub(crate) const GATE: &str = "https://wardgate.example.org";

/// An issuer of tokens with one key.
pub(crate) struct Issuer {
    name: &'static str,
    key: Ed25519KeyPair,
}

impl Issuer {
    pub(crate) fn new(name: &'static str, seed: u8) -> Self {
        let key = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
        Self { name, key }
    }

    fn address(&self) -> String {
        format!("{}/jwks", self.name)
    }

    fn jwks(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.key.public_key().as_ref());
        json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": x}]})
    }

    /// A token as the hospital's record system gives one, with some claims changed.
    pub(crate) fn token(&self, changes: &Value) -> String {
        let now = START.parse::<Timestamp>().unwrap().as_second();
        let mut claims = json!({
            "iss": self.name, "aud": GATE, "sub": "u-77", "iat": now - 5, "exp": now + 600,
            "client_id": "ward-notes-client", "scope": "launch wardgate/call", "amr": ["pwd", "otp"],
            "fhirUser": format!("{}/fhir/Practitioner/77", self.name),
        });
        for (name, value) in changes.as_object().unwrap() {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        self.sign(&json!({"alg": "EdDSA", "kid": "k"}), &claims)
    }

    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

pub(crate) struct World {
    pub(crate) hospital: Hospital,
    pub(crate) ehr: Issuer,
    pub(crate) idp: Issuer,
    pub(crate) access: Arc<AccessTokens>,
}

struct Published(BTreeMap<String, Value>);

#[async_trait]
impl Fetch for Published {
    async fn fetch(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, FetchFault> {
        let keys = self.0.get(&request.uri().to_string());
        let keys = keys.ok_or(FetchFault::Unreachable)?;
        Ok(http::Response::new(keys.to_string().into_bytes()))
    }
}

impl World {
    pub(crate) async fn open() -> Self {
        Self::around(Around::default()).await
    }

    pub(crate) async fn around(around: Around) -> Self {
        let (ehr, idp) = (Issuer::new(EHR, 1), Issuer::new(IDP, 2));
        let access = Arc::new(AccessTokens::new(&[9; 32], GATE).unwrap());
        let published = Published(BTreeMap::from([
            (ehr.address(), ehr.jwks()),
            (idp.address(), idp.jwks()),
        ]));
        let keys = Arc::new(KeySources::new(JwksAges::default()));
        let addresses = [ehr.address(), idp.address()];
        keys.keep(addresses.iter().map(String::as_str));
        for address in &addresses {
            keys.refresh(address, &published, START.parse().unwrap())
                .await
                .unwrap();
        }
        let trusted = |issuer: &Issuer, bearer| TrustedIssuer {
            issuer: issuer.name.to_owned(),
            audience: GATE.to_owned(),
            keys_url: issuer.address(),
            bearer,
            on_behalf_of: true,
            scope: "wardgate/call".to_owned(),
            acr_levels: BTreeMap::new(),
        };
        let issuers = vec![trusted(&ehr, true), trusted(&idp, false)];
        let trust = Trust::in_nobody_but(Some(access.clone()), keys, issuers);
        let hospital = Hospital::around(Around { trust, ..around }, |_| {}).await;
        let records = hospital
            .records()
            .replace(
                "id: ward-notes\n",
                &format!("id: ward-notes\n{WARD_CLIENTS}"),
            )
            .replace("id: batch\n", &format!("id: batch\n{BATCH_CLIENTS}"))
            .replace("id: dr.osei\n", &format!("id: dr.osei\n{OSEI}"))
            .replace("id: dr.lind\n", &format!("id: dr.lind\n{LIND}"));
        hospital.apply(&records).await;
        Self {
            hospital,
            ehr,
            idp,
            access,
        }
    }

    /// A token of ours for an app.
    pub(crate) fn access_token(&self, app: &str, scopes: &[&str], bound: Option<&str>) -> String {
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let grant = Grant {
            client: app,
            scopes: &scopes,
            certificate: bound,
        };
        self.access.issue(&grant, [1; 16], START.parse().unwrap())
    }

    /// A person's own token of the provider of identity, issued to Ward notes.
    pub(crate) fn person(&self, subject: &str, changes: &Value) -> String {
        let mut all = json!({"sub": subject, "fhirUser": null, "scope": null});
        for (name, value) in changes.as_object().unwrap() {
            all[name] = value.clone();
        }
        self.idp.token(&all)
    }
}

const WARD_CLIENTS: &str = "clients: {certificates: ['DNS:ward-notes'], issued: [{issuer: 'https://ehr.example.org', client: ward-notes-client}, {issuer: 'https://id.example.org', client: ward-notes-client}]}\n";
const BATCH_CLIENTS: &str = "clients: {certificates: ['DNS:batch'], issued: [{issuer: 'https://ehr.example.org', client: batch-client}, {issuer: 'https://id.example.org', client: batch-client}]}\n";
const OSEI: &str = "identities: [{issuer: 'https://ehr.example.org', subject: Practitioner/77}, {issuer: 'https://id.example.org', subject: osei}]\n";
const LIND: &str = "identities: [{issuer: 'https://ehr.example.org', subject: Practitioner/78}, {issuer: 'https://id.example.org', subject: lind}]\n";
