//! A consent case: consents on file, one request, and how the hospital decides, as a file holds it.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::labels::Labels;
use super::strict::Strict;
use super::{
    Coding, ConflictRule, Consent, ConsentDomain, Data, DefaultPolicy, Groups, Question, Ruling,
    judge,
};

/// One case, read from JSON.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its id, when it has one.
    pub id: Option<String>,
    /// What somebody wrote down as the right answer.
    pub expected: Option<Expected>,
    /// How many of its consents could not be read; each of them refuses.
    pub unreadable: usize,
    now: Timestamp,
    domain: ConsentDomain,
    domain_stated: bool,
    consents: Vec<Consent>,
    request: Request,
}

/// What is asked.
#[derive(Clone)]
struct Request {
    patient: String,
    actors: Vec<String>,
    purpose: OwnCoding,
    actions: Vec<String>,
    break_glass: bool,
    as_ai: bool,
    resources: Vec<Resource>,
}

#[derive(Clone, Debug)]
struct OwnCoding {
    system: String,
    code: String,
}

#[derive(Clone)]
struct Resource {
    reference: String,
    kind: Option<String>,
    labels: Vec<OwnCoding>,
    labelling_done: bool,
    date: Option<String>,
    authors: Option<Vec<String>>,
    related: Option<Vec<String>>,
    codes: Option<Vec<OwnCoding>>,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Whom it is about, and which data, is patient data.
        f.debug_struct("Request").finish_non_exhaustive()
    }
}

/// The right answer to a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Of each resource, by reference, whether it may be used.
    pub resources: Vec<(String, bool)>,
    /// The consents that decide; not asserted when empty.
    pub deciding_consents: Vec<String>,
}

/// The answer to a case.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// `permit` when all may be used, `partial` when some may, `deny` when none may.
    pub decision: &'static str,
    /// Of each resource, whether it may be used; one that is listed twice may only if both may.
    pub resources: Vec<(String, bool)>,
    /// The ruling with its steps.
    pub ruling: Ruling,
}

/// Why a text is no case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CaseFault {
    /// It is not JSON, or a key occurs twice.
    #[error("it is not JSON, or a key occurs twice, at line {line} column {column}")]
    NotJson {
        /// The line, from one.
        line: usize,
        /// The column, from one.
        column: usize,
    },
    /// It is too large.
    #[error("it has more than {CASE_BYTES_MAX} bytes")]
    TooLarge,
    /// A part is not there, or not of the right form.
    #[error("`{part}` is missing or not of the right form")]
    Part {
        /// Which.
        part: &'static str,
    },
}

impl Case {
    /// Reads a case: `now`, `domain_policy`, `groups`, `consents`, `request`.
    ///
    /// # Errors
    /// When it is no JSON, or a part that decides is not there.
    pub fn from_json(text: &str) -> Result<Self, CaseFault> {
        let root = object(text)?;
        let now = part(&root, "now")?
            .parse()
            .map_err(|_| CaseFault::Part { part: "now" })?;
        let request = root.get("request").and_then(Value::as_object);
        let request = request.ok_or(CaseFault::Part { part: "request" })?;
        let consents = match root.get("consents") {
            None => &[][..],
            Some(Value::Array(consents)) => consents,
            Some(_) => return Err(CaseFault::Part { part: "consents" }),
        };
        let texts: Vec<String> = consents.iter().map(Value::to_string).collect();
        let mut case = Self::new(&root, request, now)?;
        for text in &texts {
            case.file(text);
        }
        Ok(case)
    }

    /// Reads a request without consents: the request itself, or an object with `request` and,
    /// where wanted, `now`, `domain_policy` and `groups`.
    ///
    /// # Errors
    /// As [`Case::from_json`].
    pub fn from_request(text: &str, now: Timestamp) -> Result<Self, CaseFault> {
        let root = object(text)?;
        let request = root.get("request").map_or(Some(&root), Value::as_object);
        let request = request.ok_or(CaseFault::Part { part: "request" })?;
        let now = match root.get("now") {
            None => now,
            Some(_) => part(&root, "now")?
                .parse()
                .map_err(|_| CaseFault::Part { part: "now" })?,
        };
        Self::new(&root, request, now)
    }

    fn new(
        root: &Map<String, Value>,
        request: &Map<String, Value>,
        now: Timestamp,
    ) -> Result<Self, CaseFault> {
        Ok(Self {
            id: root.get("id").and_then(Value::as_str).map(str::to_owned),
            expected: root.get("expected").and_then(expected),
            unreadable: 0,
            now,
            domain: domain(root),
            domain_stated: root.contains_key("domain_policy"),
            consents: Vec::new(),
            request: read_request(request)?,
        })
    }

    /// The patient that the request is about.
    #[must_use]
    pub fn patient(&self) -> &str {
        &self.request.patient
    }

    /// Decides as the hospital does, where the case itself does not say how.
    #[must_use]
    pub fn unless_stated(mut self, domain: &ConsentDomain) -> Self {
        if !self.domain_stated {
            let groups = std::mem::take(&mut self.domain.groups);
            self.domain = domain.clone();
            if !groups.is_empty() {
                self.domain.groups = groups;
            }
        }
        self
    }

    /// The same request about a patient under another reference.
    #[must_use]
    pub fn about(mut self, patient: &str) -> Self {
        patient.clone_into(&mut self.request.patient);
        self
    }

    /// Adds a consent. One that cannot be read is kept, and refuses.
    pub fn file(&mut self, text: &str) {
        match Consent::from_json(text) {
            Ok(consent) => self.consents.push(consent),
            Err(_) => {
                self.unreadable += 1;
                let id = format!("unreadable-{}", self.unreadable);
                self.consents
                    .push(Consent::unreadable(&id, &self.request.patient));
            }
        }
    }

    /// Adds consents that were read elsewhere.
    pub fn file_all(&mut self, consents: &[Consent]) {
        self.consents.extend_from_slice(consents);
    }

    /// Judges it.
    #[must_use]
    pub fn judge(&self) -> Outcome {
        let request = &self.request;
        let actors = texts(&request.actors);
        let actions = texts(&request.actions);
        let borrowed: Vec<Borrowed<'_>> = request.resources.iter().map(Borrowed::of).collect();
        let data: Vec<Data<'_>> = borrowed.iter().map(Borrowed::data).collect();
        let question = Question {
            patient: &request.patient,
            actors: &actors,
            purpose: request.purpose.as_coding(),
            ai: request
                .as_ai
                .then(crate::purpose::Purpose::inference)
                .flatten()
                .map(Into::into),
            actions: &actions,
            break_glass: request.break_glass,
            data: &data,
        };
        let ruling = judge(&question, &self.consents, &self.domain, self.now);
        let mut resources: Vec<(String, bool)> = Vec::with_capacity(data.len());
        for (resource, permitted) in request.resources.iter().zip(&ruling.each) {
            match resources
                .iter_mut()
                .find(|(known, _)| *known == resource.reference)
            {
                Some((_, before)) => *before &= permitted,
                None => resources.push((resource.reference.clone(), *permitted)),
            }
        }
        let permitted = resources.iter().filter(|(_, permitted)| *permitted).count();
        Outcome {
            decision: match permitted {
                0 => "deny",
                all if all == resources.len() => "permit",
                _ => "partial",
            },
            resources,
            ruling,
        }
    }
}

impl Outcome {
    /// Whether it is what was expected.
    #[must_use]
    pub fn is_as(&self, expected: &Expected) -> bool {
        let resources = expected
            .resources
            .iter()
            .all(|wanted| self.resources.contains(wanted));
        let deciding = expected.deciding_consents.is_empty()
            || expected
                .deciding_consents
                .iter()
                .map(String::as_str)
                .eq(self.ruling.deciding.iter().map(AsRef::as_ref));
        resources && expected.resources.len() == self.resources.len() && deciding
    }
}

impl OwnCoding {
    fn as_coding(&self) -> Coding<'_> {
        Coding {
            system: &self.system,
            code: &self.code,
        }
    }
}

/// A resource with its lists borrowed, as a question needs them.
struct Borrowed<'a> {
    resource: &'a Resource,
    labels: Vec<Coding<'a>>,
    authors: Option<Vec<&'a str>>,
    related: Option<Vec<&'a str>>,
    codes: Option<Vec<Coding<'a>>>,
}

impl<'a> Borrowed<'a> {
    fn of(resource: &'a Resource) -> Self {
        let codings = |codes: &'a [OwnCoding]| codes.iter().map(OwnCoding::as_coding).collect();
        Self {
            resource,
            labels: codings(&resource.labels),
            authors: resource.authors.as_deref().map(texts),
            related: resource.related.as_deref().map(texts),
            codes: resource.codes.as_deref().map(codings),
        }
    }

    fn data(&self) -> Data<'_> {
        Data {
            reference: Some(&self.resource.reference),
            kind: self.resource.kind.as_deref(),
            labels: if self.resource.labelling_done {
                Labels::complete(&self.labels)
            } else {
                Labels::unfinished(&self.labels)
            },
            date: self.resource.date.as_deref(),
            authors: self.authors.as_deref(),
            related: self.related.as_deref(),
            codes: self.codes.as_deref(),
        }
    }
}

fn texts(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

fn object(text: &str) -> Result<Map<String, Value>, CaseFault> {
    if text.len() > CASE_BYTES_MAX {
        return Err(CaseFault::TooLarge);
    }
    match serde_json::from_str(text) {
        Ok(Strict(Value::Object(root))) => Ok(root),
        Ok(Strict(_)) => Err(CaseFault::Part { part: "request" }),
        Err(error) => Err(CaseFault::NotJson {
            line: error.line(),
            column: error.column(),
        }),
    }
}

fn part<'a>(object: &'a Map<String, Value>, part: &'static str) -> Result<&'a str, CaseFault> {
    let text = object.get(part).and_then(Value::as_str);
    text.filter(|text| !text.is_empty())
        .ok_or(CaseFault::Part { part })
}

/// What is not stated, or not known, is the strictest.
fn domain(root: &Map<String, Value>) -> ConsentDomain {
    let policy = root.get("domain_policy");
    let word = |name: &str| {
        policy
            .and_then(|policy| policy.get(name))
            .and_then(Value::as_str)
    };
    let explicit = policy.and_then(|policy| policy.get("explicit_labels"));
    let groups = root.get("groups").and_then(Value::as_object);
    let groups = groups.into_iter().flatten();
    ConsentDomain {
        default: word("implicit")
            .and_then(DefaultPolicy::from_word)
            .unwrap_or_default(),
        conflict: word("conflict")
            .and_then(ConflictRule::from_word)
            .unwrap_or_default(),
        explicit_labels: explicit.and_then(strings).unwrap_or_default(),
        groups: groups
            .filter_map(|(group, members)| Some((group.clone(), strings(members)?)))
            .collect::<Groups>(),
    }
}

fn read_request(request: &Map<String, Value>) -> Result<Request, CaseFault> {
    let purpose = request.get("purpose").and_then(coding);
    let mut actors = request.get("actors").and_then(strings).unwrap_or_default();
    let user = request.get("user").and_then(Value::as_str);
    if let Some(user) = user
        && !actors.iter().any(|actor| actor == user)
    {
        actors.push(user.to_owned());
    }
    let resources = request.get("resources").and_then(Value::as_array);
    let resources = resources.ok_or(CaseFault::Part {
        part: "request.resources",
    })?;
    Ok(Request {
        patient: part(request, "patient")
            .map_err(|_| CaseFault::Part {
                part: "request.patient",
            })?
            .to_owned(),
        actors,
        purpose: purpose.ok_or(CaseFault::Part {
            part: "request.purpose",
        })?,
        actions: match request.get("action") {
            Some(Value::String(action)) => vec![action.clone()],
            Some(action) => strings(action).ok_or(CaseFault::Part {
                part: "request.action",
            })?,
            None => super::CALL_ACTIONS
                .iter()
                .map(|action| (*action).to_owned())
                .collect(),
        },
        break_glass: request.get("break_glass_authorized") == Some(&Value::Bool(true)),
        as_ai: request.get("ai_inference") == Some(&Value::Bool(true)),
        resources: resources
            .iter()
            .map(|resource| {
                resource
                    .as_object()
                    .and_then(read_resource)
                    .ok_or(CaseFault::Part {
                        part: "request.resources",
                    })
            })
            .collect::<Result<_, _>>()?,
    })
}

fn read_resource(resource: &Map<String, Value>) -> Option<Resource> {
    let text = |name: &str| {
        resource
            .get(name)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let reference = text("ref")?;
    let kind = text("type").or_else(|| reference.split_once('/').map(|(kind, _)| kind.to_owned()));
    let labels = match resource.get("labels") {
        None => Vec::new(),
        Some(Value::Array(labels)) => labels.iter().map(coding).collect::<Option<_>>()?,
        Some(_) => return None,
    };
    Some(Resource {
        kind,
        labels,
        labelling_done: resource.get("labelling_done") == Some(&Value::Bool(true)),
        date: text("date"),
        authors: resource.get("author").map(strings).unwrap_or_default(),
        related: resource.get("related").map(strings).unwrap_or_default(),
        codes: resource.get("code").map(codes).unwrap_or_default(),
        reference,
    })
}

fn coding(value: &Value) -> Option<OwnCoding> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(OwnCoding {
        system: text("system").unwrap_or_default(),
        code: text("code")?,
    })
}

/// A Coding, a CodeableConcept, or a list of either.
fn codes(value: &Value) -> Option<Vec<OwnCoding>> {
    match value {
        Value::Array(list) => {
            let all: Option<Vec<Vec<OwnCoding>>> = list.iter().map(codes).collect();
            Some(all?.into_iter().flatten().collect())
        }
        Value::Object(concept) if concept.contains_key("coding") => {
            concept.get("coding").and_then(codes)
        }
        _ => Some(vec![coding(value)?]),
    }
}

/// A list of texts; a single text is a list of one.
fn strings(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(one) => Some(vec![one.clone()]),
        Value::Array(list) => list
            .iter()
            .map(|one| one.as_str().map(str::to_owned))
            .collect(),
        _ => None,
    }
}

fn expected(value: &Value) -> Option<Expected> {
    let resources = value.get("resources")?.as_object()?;
    Some(Expected {
        resources: resources
            .iter()
            .map(|(reference, answer)| (reference.clone(), answer == "permit"))
            .collect(),
        deciding_consents: value
            .get("deciding_consents")
            .and_then(strings)
            .unwrap_or_default(),
    })
}

/// The largest case that is read.
pub const CASE_BYTES_MAX: usize = 4 * 1024 * 1024;
