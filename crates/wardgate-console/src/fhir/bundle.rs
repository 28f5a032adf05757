//! Bundles: pages of what was found, and several writes at once.

use axum::extract::{Request as Received, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use url::form_urlencoded;
use wardgate_authz::Operation;
use wardgate_records::{
    Author, ChangedConsent, ConsentRefused, ConsentWrite, Origin, StoredConsent,
};

use super::answer::{admit, body, etag, json, version_of};
use super::consent::is_named;
use super::outcome::Outcome;
use super::query::Parameters;
use crate::Parts;

/// Writes the consents of a Bundle: a transaction all or none, a batch each by itself.
pub(super) async fn write(
    State(parts): State<Parts>,
    request: Received,
) -> Result<Response, Outcome> {
    let admitted = admit(&parts, request.headers(), Operation::ConsentWrite).await?;
    let text = body(&parts, request).await?;
    let bundle = Sent::read(&text)?;
    let entries = bundle.entry.unwrap_or_default();
    if entries.len() > ENTRIES_MAX {
        return Err(Outcome::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-costly",
            format!("a Bundle has at most {ENTRIES_MAX} entries here; send several"),
        ));
    }
    let page = match bundle.r#type.as_str() {
        "transaction" => transaction(&parts, &entries, &admitted.author).await?,
        "batch" => batch(&parts, &entries, &admitted.author).await,
        _ => {
            return Err(Outcome::invalid(
                "the `type` of the Bundle is neither `transaction` nor `batch`",
            ));
        }
    };
    Ok(json(page.write()?))
}

async fn transaction(
    parts: &Parts,
    entries: &[SentEntry<'_>],
    author: &Author,
) -> Result<Page, Outcome> {
    let mut writes = Vec::with_capacity(entries.len());
    for (at, entry) in entries.iter().enumerate() {
        writes.push(entry.write().map_err(|outcome| outcome.of_entry(at))?);
    }
    let written = parts
        .store
        .write_consents(&writes, (author, Origin::Api), (parts.clock)())
        .await
        .map_err(|ConsentRefused { at, why }| Outcome::from(why).of_entry(at))?;
    let mut page = Page::answer("transaction-response");
    for changed in &written {
        page.add(Entry::of_write(&parts.settings.origin, changed));
    }
    Ok(page)
}

async fn batch(parts: &Parts, entries: &[SentEntry<'_>], author: &Author) -> Page {
    let mut page = Page::answer("batch-response");
    for (at, entry) in entries.iter().enumerate() {
        let written = match entry.write() {
            Err(outcome) => Err(outcome),
            Ok(write) => parts
                .store
                .write_consents(&[write], (author, Origin::Api), (parts.clock)())
                .await
                .map_err(|ConsentRefused { why, .. }| Outcome::from(why)),
        };
        match written {
            Ok(changed) => changed
                .iter()
                .for_each(|changed| page.add(Entry::of_write(&parts.settings.origin, changed))),
            Err(outcome) => page.add(Entry::of_failure(&outcome.of_entry(at))),
        }
    }
    page
}

/// A Bundle as it is sent. An element that is used and stands there twice is refused.
#[derive(Deserialize)]
struct Sent<'a> {
    #[serde(rename = "resourceType")]
    resource_type: String,
    r#type: String,
    #[serde(borrow)]
    entry: Option<Vec<SentEntry<'a>>>,
}

#[derive(Deserialize)]
struct SentEntry<'a> {
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
    request: Option<SentRequest>,
}

#[derive(Deserialize)]
struct SentRequest {
    method: String,
    url: String,
    #[serde(rename = "ifMatch")]
    if_match: Option<String>,
    #[serde(rename = "ifNoneExist")]
    if_none_exist: Option<String>,
}

impl<'a> Sent<'a> {
    fn read(text: &'a str) -> Result<Self, Outcome> {
        let bundle: Self = serde_json::from_str(text).map_err(|fault| {
            Outcome::invalid(format!(
                "this is not a Bundle in JSON, from line {} column {} on",
                fault.line(),
                fault.column()
            ))
        })?;
        if bundle.resource_type == "Bundle" {
            Ok(bundle)
        } else {
            let diagnostics = "only a Bundle is taken at this address";
            Err(Outcome::invalid(diagnostics))
        }
    }
}

impl SentEntry<'_> {
    fn write(&self) -> Result<ConsentWrite<'_>, Outcome> {
        let request = self
            .request
            .as_ref()
            .ok_or_else(|| Outcome::invalid("the entry has no `request`"))?;
        let resource = || {
            self.resource
                .map(RawValue::get)
                .ok_or_else(|| Outcome::invalid("the entry has no `resource`"))
        };
        if request.if_none_exist.is_some() {
            return Err(Outcome::not_supported("`ifNoneExist` is not supported"));
        }
        match (request.method.as_str(), request.url.split_once('/')) {
            ("POST", None) if request.url == "Consent" => {
                Ok(ConsentWrite::Create { json: resource()? })
            }
            ("PUT", Some(("Consent", id))) => {
                let json = resource()?;
                is_named(json, id)?;
                let if_version = match request.if_match.as_deref() {
                    None => None,
                    Some(tag) => Some(version_of(tag).ok_or_else(|| {
                        Outcome::invalid("`ifMatch` is not the tag of a version")
                    })?),
                };
                Ok(ConsentWrite::Update {
                    id,
                    json,
                    if_version,
                })
            }
            _ => Err(Outcome::not_supported(
                "an entry is `POST` of `Consent` or `PUT` of `Consent/<id>`; withdraw a consent by \
                 an update to `status: inactive`",
            )),
        }
    }
}

/// A Bundle that goes out.
#[derive(Serialize)]
pub(super) struct Page {
    #[serde(rename = "resourceType")]
    resource_type: &'static str,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    link: Vec<Link>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entry: Vec<Entry>,
    #[serde(skip)]
    base: String,
    #[serde(skip)]
    parameters: Vec<(String, String)>,
}

#[derive(Serialize)]
struct Link {
    relation: &'static str,
    url: String,
}

impl Page {
    /// A page of what was found at an address with these parameters.
    pub(super) fn new(r#type: &'static str, base: &str, parameters: &Parameters) -> Self {
        let mut page = Self {
            base: base.to_owned(),
            parameters: parameters.pairs().to_vec(),
            ..Self::answer(r#type)
        };
        page.link("self", None);
        page
    }

    fn answer(r#type: &'static str) -> Self {
        Self {
            resource_type: "Bundle",
            r#type,
            total: None,
            link: Vec::new(),
            entry: Vec::new(),
            base: String::new(),
            parameters: Vec::new(),
        }
    }

    /// There is another page, which goes on there.
    pub(super) fn next(&mut self, parameter: &'static str, from: &str) {
        self.link("next", Some((parameter, from)));
    }

    /// This is all there is.
    pub(super) const fn total(&mut self, total: usize) {
        self.total = Some(total);
    }

    pub(super) fn add(&mut self, entry: Entry) {
        self.entry.push(entry);
    }

    pub(super) fn write(&self) -> Result<String, Outcome> {
        serde_json::to_string(self).map_err(|error| {
            tracing::error!(%error, "a Bundle could not be written");
            Outcome::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "exception",
                "this could not be done because something failed here",
            )
        })
    }

    fn link(&mut self, relation: &'static str, from: Option<(&'static str, &str)>) {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in &self.parameters {
            if from.is_none_or(|(parameter, _)| parameter != name) {
                query.append_pair(name, value);
            }
        }
        if let Some((name, value)) = from {
            query.append_pair(name, value);
        }
        let query = query.finish();
        let url = if query.is_empty() {
            self.base.clone()
        } else {
            format!("{}?{query}", self.base)
        };
        self.link.push(Link { relation, url });
    }
}

/// One entry of a Bundle that goes out.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    #[serde(skip_serializing_if = "Option::is_none")]
    full_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    search: Option<Search>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<Request>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<Reply>,
}

#[derive(Serialize)]
struct Search {
    mode: &'static str,
}

#[derive(Serialize)]
struct Request {
    method: &'static str,
    url: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_modified: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Box<RawValue>>,
}

impl Entry {
    pub(super) fn of_search(origin: &str, consent: &StoredConsent) -> Self {
        Self {
            full_url: Some(format!("{origin}/fhir/Consent/{}", consent.id)),
            resource: raw(&consent.json),
            search: Some(Search { mode: "match" }),
            ..Self::default()
        }
    }

    /// A resource of our own making that was found.
    pub(super) fn of_own(full_url: String, resource: &serde_json::Value) -> Self {
        Self {
            full_url: Some(full_url),
            resource: to_raw_value(resource).ok(),
            search: Some(Search { mode: "match" }),
            ..Self::default()
        }
    }

    pub(super) fn of_history(origin: &str, consent: &StoredConsent) -> Self {
        let (method, url, status) = match consent.version {
            1 => ("POST", "Consent".to_owned(), StatusCode::CREATED),
            _ => ("PUT", format!("Consent/{}", consent.id), StatusCode::OK),
        };
        Self {
            full_url: Some(format!("{origin}/fhir/Consent/{}", consent.id)),
            resource: raw(&consent.json),
            request: Some(Request { method, url }),
            response: Some(Reply::of(status, consent)),
            ..Self::default()
        }
    }

    fn of_write(origin: &str, changed: &ChangedConsent) -> Self {
        let consent = &changed.consent;
        let status = if changed.created {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        };
        let mut reply = Reply::of(status, consent);
        reply.location = Some(format!(
            "{origin}/fhir/Consent/{}/_history/{}",
            consent.id, consent.version
        ));
        Self {
            full_url: Some(format!("{origin}/fhir/Consent/{}", consent.id)),
            resource: raw(&consent.json),
            response: Some(reply),
            ..Self::default()
        }
    }

    fn of_failure(outcome: &Outcome) -> Self {
        Self {
            response: Some(Reply {
                status: outcome.status().to_string(),
                location: None,
                etag: None,
                last_modified: None,
                outcome: to_raw_value(&outcome.resource()).ok(),
            }),
            ..Self::default()
        }
    }
}

impl Reply {
    fn of(status: StatusCode, consent: &StoredConsent) -> Self {
        Self {
            status: status.to_string(),
            location: None,
            etag: Some(etag(consent.version)),
            last_modified: Some(format!("{:.6}", consent.written.at)),
            outcome: None,
        }
    }
}

fn raw(json: &str) -> Option<Box<RawValue>> {
    RawValue::from_string(json.to_owned()).ok()
}

/// The most entries of one Bundle that is written.
const ENTRIES_MAX: usize = 200;
