//! Ids, references, addresses and queries: rewritten by the project's key, so that what resolved still resolves.

use std::borrow::Cow;

use wardgate_deid::Operation;

use super::{Place, Rewrite};
use crate::pointer::{Pointer, is_uuid};

impl Rewrite<'_, '_> {
    /// What stands for an id: of a UUID a UUID, of any other 26 letters and digits.
    ///
    /// One space for all types: `urn:uuid:x` and `Type/x` often mean the same resource, and only some of them say
    /// its type.
    pub(super) fn id(&mut self, id: &str) -> String {
        if self.means.keep_ids {
            return id.to_owned();
        }
        let key = self.means.rules.key();
        let derive = || match is_uuid(id) {
            true => key.uuid(id),
            false => key.id("fhir", id),
        };
        self.memory.id(id, derive)
    }

    /// What stands for whatever points to a resource; nothing where it points to none and cannot be told apart
    /// from other text.
    pub(super) fn pointer(&mut self, text: &str) -> Option<String> {
        Some(match Pointer::of(text) {
            Pointer::Contained("") => "#".to_owned(),
            Pointer::Contained(id) => format!("#{}", self.id(id)),
            Pointer::Uuid(id) => format!("urn:uuid:{}", self.id(id)),
            Pointer::Oid(oid) if self.means.keep_ids => format!("urn:oid:{oid}"),
            Pointer::Oid(oid) => format!("urn:oid:{}", self.means.rules.key().uid(oid)),
            Pointer::Resource {
                base,
                kind,
                id,
                version,
            } => {
                let base = self.base(base, kind)?;
                let id = self.id(id);
                match version {
                    Some(version) => {
                        format!("{base}{kind}/{id}/_history/{}", self.version(version))
                    }
                    None => format!("{base}{kind}/{id}"),
                }
            }
            Pointer::Search { base, kind, query } => {
                let base = self.base(base, kind)?;
                let query = self.query(kind, query);
                format!("{base}{kind}?{query}")
            }
            Pointer::Kind { base, kind } => format!("{}{kind}", self.base(base, kind)?),
            Pointer::Other if self.means.keep_urls => text.to_owned(),
            // Whatever it points to, the same address still leads to the same place.
            Pointer::Other => format!("urn:uuid:{}", self.means.rules.key().uuid(text)),
        })
    }

    /// A query of the interface, with or without the path in front of it.
    pub(super) fn request(&mut self, text: &str) -> Option<String> {
        let bare = text
            .split_once('=')
            .is_some_and(|(name, _)| name.bytes().all(is_name_sign));
        if bare {
            let query = self.query("", text);
            return (!query.is_empty()).then_some(query);
        }
        // An operation on a type or resource: `Patient/1/$everything`.
        if let Some((path, rest)) = text.split_once("/$") {
            let (name, query) = rest.split_once('?').unwrap_or((rest, ""));
            let path = self
                .pointer(path)
                .filter(|_| Pointer::of(path) != Pointer::Other)?;
            let plain = name.bytes().all(is_name_sign);
            return match self.query("", query) {
                _ if !plain => None,
                query if query.is_empty() => Some(format!("{path}/${name}")),
                query => Some(format!("{path}/${name}?{query}")),
            };
        }
        match Pointer::of(text) {
            Pointer::Search { base, kind, query } => {
                let base = self.base(base, kind)?;
                match self.query(kind, query) {
                    query if query.is_empty() => Some(format!("{base}{kind}")),
                    query => Some(format!("{base}{kind}?{query}")),
                }
            }
            Pointer::Other => None,
            _ => self.pointer(text),
        }
    }

    /// A version of a resource: small numbers tell nothing.
    pub(super) fn version(&mut self, version: &str) -> String {
        let small = version.len() <= VERSION_LEN_MAX
            && version
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.');
        match small {
            true => version.to_owned(),
            false => self.id(version),
        }
    }

    /// The server of an address, with the slash behind it. An unknown type is no address of a resource.
    fn base(&mut self, base: &str, kind: &str) -> Option<String> {
        self.means.schema.resource(kind)?;
        if base.is_empty() {
            return Some(String::new());
        }
        if self.means.keep_urls {
            return Some(format!("{base}/"));
        }
        let scheme = match base.split_once("://") {
            Some(("https", _)) => "https",
            Some(("http", _)) => "http",
            // `/Patient/1` begins at the server's root.
            _ => return Some("/".to_owned()),
        };
        let key = self.means.rules.key();
        let address = self.memory.id(base, || key.id("fhir base", base));
        Some(format!("{scheme}://{address}.example/fhir/"))
    }

    /// The parameters of a query that tell of nobody; of the others those that name resources, by what stands for them.
    fn query(&mut self, kind: &str, query: &str) -> String {
        let mut kept: Vec<String> = Vec::new();
        for part in query.split('&').take(PARAMETERS_MAX) {
            let Some((name, value)) = part.split_once('=') else {
                continue;
            };
            let plain = name.split(':').next().unwrap_or(name);
            if !plain.bytes().all(is_name_sign) {
                continue;
            }
            let value = match plain {
                "_count" | "_sort" | "_summary" | "_total" | "_format" | "_pretty" | "_type"
                | "_include" | "_revinclude" | "_elements"
                    if value.len() <= CONTROL_LEN_MAX && value.bytes().all(is_control_sign) =>
                {
                    value.to_owned()
                }
                "_id" => {
                    let ids: Vec<String> = value.split(',').map(|id| self.id(id)).collect();
                    ids.join(",")
                }
                "identifier" => self.searched_number(kind, value),
                "patient" | "subject" | "encounter" | "practitioner" | "performer"
                | "organization" | "location" | "author" | "requester" | "beneficiary"
                | "based-on" => {
                    let all = value.split(',').map(|one| self.searched(one));
                    all.collect::<Vec<_>>().join(",")
                }
                _ => continue,
            };
            let name = if plain == name {
                plain.to_owned()
            } else {
                name.split(':').take(1).collect()
            };
            kept.push(format!("{name}={value}"));
        }
        kept.join("&")
    }

    fn searched(&mut self, value: &str) -> String {
        match Pointer::of(value) {
            Pointer::Resource { .. } | Pointer::Uuid(_) | Pointer::Oid(_) => {
                self.pointer(value).unwrap_or_default()
            }
            _ => self.id(value),
        }
    }

    /// `system|value`: the value as [`Self::number`] writes it in the resource that is sought.
    fn searched_number(&mut self, kind: &str, value: &str) -> String {
        let (system, number) = value.split_once('|').unwrap_or(("", value));
        let provider = kind != "Patient";
        let place = Place {
            provider,
            kind: if provider { "Practitioner" } else { "Patient" },
            ..self.root()
        };
        let number = self.number_of(&place, system, "", number);
        let system = self.system(&place, system).unwrap_or_default();
        match system.is_empty() {
            true => number,
            false => format!("{system}|{number}"),
        }
    }

    /// The address of a system, a profile or a definition: it stands unless it tells of somebody.
    pub(super) fn uri<'t>(&mut self, place: &Place, text: &'t str) -> Option<Cow<'t, str>> {
        if self.means.keep_urls || is_known_uri(text) && !self.marked(place, text) {
            return Some(text.into());
        }
        let resource = matches!(Pointer::of(text), Pointer::Resource { kind, .. } if self.means.schema.resource(kind).is_some());
        let telling = resource
            || text.contains(['?', '@', ' '])
            || is_machine(text)
            || self.marked(place, text);
        let scheme = text.split(':').next().unwrap_or_default();
        match scheme {
            _ if resource => self.pointer(text).map(Cow::Owned),
            "http" | "https" | "urn" if telling => self.pointer(text).map(Cow::Owned),
            "http" | "https" => Some(text.into()),
            "urn" if text.starts_with("urn:uuid:") => self.pointer(text).map(Cow::Owned),
            "urn" => Some(text.into()),
            // `mailto:`, `tel:`, files.
            _ if text.contains(':') || telling => None,
            _ => self.pointer(text).map(Cow::Owned),
        }
    }

    /// The system of an identifier: those of standards stand, an institution's own has a stand-in.
    pub(super) fn system<'t>(&mut self, place: &Place, text: &'t str) -> Option<Cow<'t, str>> {
        let known = is_known_uri(text) && !self.marked(place, text);
        if text.is_empty() || self.means.keep_urls || known {
            return Some(text.into());
        }
        self.pointer(text).map(Cow::Owned)
    }

    /// Whether a text holds a word or number of the patient.
    pub(super) fn marked(&mut self, place: &Place, text: &str) -> bool {
        if place.patient == super::subject::NOBODY {
            return self.tells(place, text);
        }
        let patient = self.people.get(place.patient).unwrap_or(self.means.nobody);
        if text.len() > URI_LEN_USUAL {
            return patient.marks.any(text) || patient.marks.number(text);
        }
        let words = &self.memory.term(text).words;
        patient.marks.hold_any(words) || (text.len() > 4 && patient.marks.hold_number(words))
    }
}

/// What was done to what a pointer became.
pub(super) fn operation(before: &str, after: &str) -> Operation {
    match before == after {
        true => Operation::Kept,
        false => Operation::Replaced,
    }
}

/// Whether a text begins as an address in the home of a terminology does.
fn is_known_uri(text: &str) -> bool {
    // One byte tells most of them apart.
    let telling = |text: &str| text.as_bytes().get("http://".len()).copied();
    let own = telling(text);
    let mut known = KNOWN_URIS.iter();
    known.any(|known| telling(known) == own && text.starts_with(known))
}

/// Whether an address names a machine of the net, by its number or a port, and not the home of a system.
fn is_machine(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else {
        return false;
    };
    let host = rest.split(['/', '#']).next().unwrap_or_default();
    let digits = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    host.contains(':') || (!host.is_empty() && host.bytes().all(digits))
}

fn is_name_sign(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte)
}

fn is_control_sign(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_:,.*+/-".contains(&byte)
}

/// Longer texts seldom come again.
const URI_LEN_USUAL: usize = 128;
const VERSION_LEN_MAX: usize = 5;
const PARAMETERS_MAX: usize = 64;
const CONTROL_LEN_MAX: usize = 64;

/// The homes of terminologies and definitions, which say nothing of anybody.
const KNOWN_URIS: &[&str] = &[
    "http://hl7.org/",
    "http://terminology.hl7.org/",
    "http://unitsofmeasure.org",
    "http://loinc.org",
    "http://snomed.info/",
    "http://www.nlm.nih.gov/",
    "http://www.ama-assn.org/",
    "http://dicom.nema.org/",
    "http://fhir.org/",
    "http://ihe.net/",
    "http://www.whocc.no/",
    "http://standardterms.edqm.eu",
    "http://varnomen.hgvs.org",
    "http://www.genenames.org",
    "urn:ietf:",
    "urn:iso:",
    "urn:ihe:",
    "urn:oid:2.16.840.1.113883.",
    "urn:oid:1.2.840.10008.",
];
