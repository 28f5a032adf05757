//! An independent reading of an output: its own scanner of tags, none of the rules that wrote it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use wardgate_deid::{Action, Found, Kind, Part, RecordFault, RecordRules, Traces};

/// Looks for what identified people in the input.
pub(super) fn verify(
    rules: &RecordRules,
    input: &[u8],
    output: &[u8],
) -> Result<Found, RecordFault> {
    let mut traces = Traces::default();
    learn(rules, &readable(input), &mut traces);
    let tracer = traces.compile();
    let mut found = tracer.bytes(output);
    let text = readable(output);
    let mut running = String::new();
    let mut media_type = String::new();
    for scrap in Scraps::of(&text) {
        match scrap {
            Scrap::Tag { attributes, .. } => {
                for value in attributes.values() {
                    found.merge(&tracer.value(value));
                }
                media_type = attributes.get("mediaType").cloned().unwrap_or_default();
            }
            Scrap::Text(text) => {
                let packed: String = text.split_whitespace().collect();
                let encoded = packed.len() >= ENCODED_LEN_MIN && packed.len().is_multiple_of(4);
                if let Some(Ok(bytes)) = encoded.then(|| BASE64_STANDARD.decode(&packed)) {
                    found.merge(&tracer.bytes(&bytes));
                    if let Ok(text) = wardgate_documents::decoded_text(&media_type, &bytes) {
                        found.merge(&tracer.value(&text));
                    }
                    continue;
                }
                running.push_str(&text);
            }
            Scrap::End(_) => {}
        }
    }
    found.merge(&tracer.value(&running));
    Ok(found)
}

/// What a scanner of tags sees.
enum Scrap {
    Tag {
        name: String,
        attributes: BTreeMap<String, String>,
        closed: bool,
    },
    End(String),
    Text(String),
}

/// The scraps of a text.
struct Scraps<'a> {
    rest: &'a str,
}

impl<'a> Scraps<'a> {
    fn of(text: &'a str) -> Self {
        Self { rest: text }
    }
}

impl Iterator for Scraps<'_> {
    type Item = Scrap;

    fn next(&mut self) -> Option<Scrap> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            let Some(inside) = self.rest.strip_prefix('<') else {
                let end = self.rest.find('<').unwrap_or(self.rest.len());
                let (text, rest) = self.rest.split_at_checked(end)?;
                self.rest = rest;
                return Some(Scrap::Text(unescaped(text)));
            };
            for (start, end) in [("!--", "-->"), ("?", "?>"), ("![CDATA[", "]]>")] {
                if let Some(inner) = inside.strip_prefix(start) {
                    let (inner, rest) = inner.split_once(end).unwrap_or((inner, ""));
                    self.rest = rest;
                    if start == "![CDATA[" {
                        return Some(Scrap::Text(inner.to_owned()));
                    }
                    break;
                }
            }
            // Something was passed over; by length, since a comparison of what is left would cost its length each time.
            if self.rest.len() != inside.len() + 1 {
                continue;
            }
            let (inner, rest) = inside.split_once('>').unwrap_or((inside, ""));
            self.rest = rest;
            return Some(match inner.strip_prefix('/') {
                Some(name) => Scrap::End(local(name)),
                None => tag(inner),
            });
        }
    }
}

fn tag(inner: &str) -> Scrap {
    let closed = inner.ends_with('/');
    let inner = inner.trim_end_matches('/');
    let (name, mut rest) = inner.split_once(char::is_whitespace).unwrap_or((inner, ""));
    let mut attributes = BTreeMap::new();
    while let Some((key, behind)) = rest.split_once('=') {
        let behind = behind.trim_start();
        let Some(quote) = behind.chars().next() else {
            break;
        };
        let Some((value, behind)) = behind.get(1..).and_then(|behind| behind.split_once(quote))
        else {
            break;
        };
        attributes.insert(key.trim().to_owned(), unescaped(value));
        rest = behind;
    }
    Scrap::Tag {
        name: local(name),
        attributes,
        closed,
    }
}

fn local(name: &str) -> String {
    name.trim()
        .rsplit(':')
        .next()
        .unwrap_or_default()
        .to_owned()
}

fn unescaped(text: &str) -> String {
    quick_xml::escape::unescape(text).map_or_else(|_| text.to_owned(), std::borrow::Cow::into_owned)
}

/// The bytes as text, in whatever encoding the document is.
fn readable(document: &[u8]) -> String {
    let head = String::from_utf8_lossy(
        document
            .get(..document.len().min(HEAD_BYTES))
            .unwrap_or_default(),
    )
    .into_owned();
    let label = head
        .split("encoding=")
        .nth(1)
        .and_then(|rest| rest.get(1..)?.split(['"', '\'']).next());
    let encoding = label.and_then(|label| encoding_rs::Encoding::for_label(label.as_bytes()));
    encoding
        .unwrap_or(encoding_rs::UTF_8)
        .decode(document)
        .0
        .into_owned()
}

/// Notes what the header and the entries say about people.
fn learn(rules: &RecordRules, text: &str, traces: &mut Traces) {
    let goes = |kind, part| rules.profile().action(kind, part) != Action::Keep;
    let mut path: Vec<String> = Vec::new();
    let (mut given, mut family): (Vec<String>, Vec<String>) = Default::default();
    for scrap in Scraps::of(text) {
        match scrap {
            Scrap::Tag {
                name,
                attributes,
                closed,
            } => {
                let value = |key: &str| attributes.get(key).map(String::as_str).unwrap_or_default();
                let role = path.iter().any(|name| name == "patientRole");
                let organization = path.iter().any(|name| name.ends_with("Organization"));
                match name.as_str() {
                    "id" if role && !organization && goes(Kind::Mrn, Part::Whole) => {
                        traces.value(Kind::Mrn, value("extension"));
                    }
                    "telecom"
                        if goes(Kind::Phone, Part::Whole) && goes(Kind::Email, Part::Whole) =>
                    {
                        let contact = value("value")
                            .split_once(':')
                            .map_or(value("value"), |(_, contact)| contact);
                        traces.value(Kind::Phone, contact);
                    }
                    "name" => {
                        given.clear();
                        family.clear();
                    }
                    _ => {}
                }
                if !closed {
                    path.push(name);
                }
            }
            Scrap::End(name) => {
                if name == "name" && !family.is_empty() && goes(Kind::Name, Part::Whole) {
                    traces.name(&format!("{} {}", given.join(" "), family.join(" ")));
                }
                while path.pop().is_some_and(|open| open != name) {}
            }
            Scrap::Text(text) => match path.last().map(String::as_str) {
                Some("given") => given.push(text.trim().to_owned()),
                Some("family") => family.push(text.trim().to_owned()),
                Some("streetAddressLine") if goes(Kind::Location, Part::Street) => {
                    traces.value(Kind::Location, &text);
                }
                _ => {}
            },
        }
    }
}

const ENCODED_LEN_MIN: usize = 16;
const HEAD_BYTES: usize = 256;
