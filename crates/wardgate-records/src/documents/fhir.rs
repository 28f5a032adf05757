//! Reads FHIR R4 JSON: one resource, a Bundle, or one resource per line. Only patients,
//! consents and care teams are taken; any other type is refused by its name.
//!
//! INVARIANT: no fault repeats a value of a resource. Places come from offsets, element names
//! from our own list.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use wardgate_authz::Consent;
use wardgate_vault::PatientHandle;
use zeroize::Zeroizing;

use super::{Documents, extension};
use crate::care::{CareFault, CareTeam};
use crate::fault::{Fault, Lines, Place};
use crate::fhir::{ElementFault, JsonFault, Resource, Text};
use crate::patient::{PatientFile, lookup, lookups};

/// A patient as a file declares one.
pub(crate) struct DeclaredPatient {
    pub(crate) place: Place,
    /// The look-up text of `Patient/<id>`.
    pub(crate) reference: Zeroizing<String>,
    /// All look-up texts.
    pub(crate) lookups: Vec<Zeroizing<String>>,
    pub(crate) json: Zeroizing<String>,
}

/// A consent as a file declares one.
pub(crate) struct DeclaredConsent {
    pub(crate) place: Place,
    /// `Consent/<id>`.
    pub(crate) reference: Zeroizing<String>,
    /// The look-up text of its patient.
    pub(crate) patient: Zeroizing<String>,
    pub(crate) json: Zeroizing<String>,
}

/// A care team as a file declares one.
pub(crate) struct DeclaredCareTeam {
    pub(crate) place: Place,
    /// `CareTeam/<id>`.
    pub(crate) reference: Zeroizing<String>,
    /// The look-up text of its patient.
    pub(crate) patient: Zeroizing<String>,
    pub(crate) json: Zeroizing<String>,
}

/// Reads a text into `documents`.
pub(super) fn read(text: &str, file: &Arc<Path>, documents: &mut Documents) {
    let mut reader = Reader {
        text,
        lines: Lines::of(text),
        file,
        documents,
        refused: BTreeMap::new(),
    };
    if extension(file) == Some("ndjson") {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            reader.top(line);
        }
    } else {
        reader.top(text);
    }
    reader.tell_refused();
}

struct Reader<'t, 'd> {
    /// The whole file: pieces of it tell their place by their address within it.
    text: &'t str,
    lines: Lines<'t>,
    file: &'t Arc<Path>,
    documents: &'d mut Documents,
    /// Types that are not taken: how many, and where the first stands.
    refused: BTreeMap<String, (usize, Place)>,
}

impl<'t> Reader<'t, '_> {
    fn top(&mut self, piece: &'t str) {
        match Resource::parse(piece) {
            Ok(resource) => self.resource(&resource, piece),
            Err(fault) => {
                let place = self.within(piece, fault);
                self.fault(if fault.form {
                    place.error(
                        "this is JSON, but not a FHIR resource",
                        "a resource is an object with a `resourceType`",
                    )
                } else {
                    place.error(
                        "this is not valid JSON from here on",
                        "check commas, quotes and brackets of this line and the line above",
                    )
                });
            }
        }
    }

    fn resource(&mut self, resource: &Resource<'t>, piece: &'t str) {
        let place = self.at(piece);
        if resource.duplicate().is_some() {
            self.fault(place.error(
                "an element of this resource stands there twice",
                "keep one of them: readers disagree on which one counts",
            ));
            return;
        }
        let kind = resource.text("resourceType");
        match kind.as_deref() {
            Some("Patient") => self.patient(resource, piece),
            Some("Consent") => self.consent(piece),
            Some("CareTeam") => self.care_team(resource, piece),
            Some("Bundle") => self.bundle(resource, piece),
            Some(other) => {
                let name = if is_type_name(other) {
                    other
                } else {
                    "(no type name)"
                };
                let (count, _) = self
                    .refused
                    .entry(name.to_owned())
                    .or_insert_with(|| (0, place));
                *count += 1;
            }
            None => self.fault(place.error(
                "this is not a FHIR resource: it has no `resourceType`",
                "governance records are declared in YAML, patients and consents in FHIR JSON",
            )),
        }
    }

    fn bundle(&mut self, bundle: &Resource<'t>, piece: &'t str) {
        #[derive(Deserialize)]
        struct Request<'a> {
            #[serde(borrow)]
            method: Text<'a>,
        }
        #[derive(Deserialize)]
        struct Entry<'a> {
            #[serde(borrow)]
            resource: Option<&'a RawValue>,
            #[serde(borrow)]
            request: Option<Request<'a>>,
        }
        match bundle.element::<Vec<Entry<'t>>>("entry") {
            Ok(entries) => {
                for entry in entries.unwrap_or_default() {
                    let method = entry.request.map(|request| request.method.0);
                    if method.is_some_and(|method| !["POST", "PUT"].contains(&method.as_ref())) {
                        let place = entry.resource.map_or(piece, RawValue::get);
                        self.fault(self.at(place).error(
                            "an entry of this bundle asks for something else than to write",
                            "only `POST` and `PUT` are taken; withdraw a Consent by `inactive`",
                        ));
                        continue;
                    }
                    let Some(raw) = entry.resource else { continue };
                    match Resource::parse(raw.get()) {
                        Ok(inner) if inner.text("resourceType").as_deref() == Some("Bundle") => {
                            let place = self.at(raw.get());
                            self.fault(place.error(
                                "this bundle stands in another bundle",
                                "put each bundle into a file or a line of its own",
                            ));
                        }
                        Ok(resource) => self.resource(&resource, raw.get()),
                        Err(fault) => {
                            let place = self.within(raw.get(), fault);
                            self.fault(place.error(
                                "an entry of this bundle holds no FHIR resource",
                                "a resource is an object with a `resourceType`",
                            ));
                        }
                    }
                }
            }
            Err(fault) => self.element_fault("Bundle", &fault),
        }
    }

    fn patient(&mut self, resource: &Resource<'t>, piece: &'t str) {
        let place = self.at(piece);
        let Some(id) = self.id(resource, "Patient", &place) else {
            return;
        };
        // The handle does not matter here: this checks that every identifying element is read.
        let read = PatientFile::read(resource, PatientHandle::from_bytes([0; 16]), 0)
            .and_then(|_| lookups(resource));
        match read {
            Ok(lookups) => self.documents.patients.push(DeclaredPatient {
                place,
                reference: Zeroizing::new(lookup(&format!("Patient/{}", *id))),
                lookups: lookups.into_iter().map(Zeroizing::new).collect(),
                json: Zeroizing::new(piece.to_owned()),
            }),
            Err(fault) => self.element_fault("Patient", &fault),
        }
    }

    fn consent(&mut self, piece: &'t str) {
        let place = self.at(piece);
        let consent = match Consent::from_json(piece) {
            Ok(consent) => consent,
            Err(fault) => {
                return self.fault(place.error(
                    fault.to_string(),
                    "check it with a FHIR validator; `patient.reference` must be `Patient/<id>`",
                ));
            }
        };
        if let Some(why) = consent.not_computable() {
            self.fault(place.warning(
                format!("this Consent cannot be computed and will refuse: {why}"),
                "let the privacy officer write it with status, period, actor, purpose and type",
            ));
        }
        self.documents.consents.push(DeclaredConsent {
            place,
            reference: Zeroizing::new(consent.reference().to_owned()),
            patient: Zeroizing::new(lookup(consent.patient())),
            json: Zeroizing::new(piece.to_owned()),
        });
    }

    fn care_team(&mut self, resource: &Resource<'t>, piece: &'t str) {
        let place = self.at(piece);
        let Some(id) = self.id(resource, "CareTeam", &place) else {
            return;
        };
        let team = match CareTeam::read(resource) {
            Ok(team) => team,
            Err(CareFault::Element(fault)) => return self.element_fault("CareTeam", &fault),
            Err(CareFault::Said(what, hint)) => return self.fault(place.error(what, hint)),
        };
        if team.others > 0 {
            self.fault(place.warning(
                format!(
                    "{} members of this CareTeam are no practitioners by name and let nobody in",
                    team.others
                ),
                "name each as `Practitioner/<id of the person>`",
            ));
        }
        self.documents.care_teams.push(DeclaredCareTeam {
            place,
            reference: Zeroizing::new(format!("CareTeam/{}", *id)),
            patient: Zeroizing::new(lookup(&team.patient)),
            json: Zeroizing::new(piece.to_owned()),
        });
    }

    fn id(
        &mut self,
        resource: &Resource<'t>,
        kind: &str,
        place: &Place,
    ) -> Option<Zeroizing<String>> {
        let id = resource
            .text("id")
            .map(|id| Zeroizing::new(id.into_owned()))
            .filter(|id| is_fhir_id(id));
        if id.is_none() {
            self.fault(place.error(
                format!("this {kind} has no valid `id`"),
                "an id has 1 to 64 letters, digits, dashes and dots",
            ));
        }
        id
    }

    fn element_fault(&mut self, kind: &str, fault: &ElementFault<'_>) {
        let place = self.within(fault.raw.get(), fault.fault);
        self.fault(place.error(
            format!(
                "the element `{}` of this {kind} does not have the form that FHIR gives it",
                fault.element
            ),
            "check it with a FHIR validator: an element that cannot be read cannot be protected",
        ));
    }

    fn tell_refused(&mut self) {
        for (kind, (count, place)) in std::mem::take(&mut self.refused) {
            let more = match count {
                1 => String::new(),
                count => format!(" ({count} of them in this file, the first is here)"),
            };
            self.fault(place.error(
                format!("resources of type `{kind}` are not taken{more}"),
                "keep only Patient, Consent and CareTeam resources in the files to apply",
            ));
        }
    }

    fn fault(&mut self, fault: Fault) {
        self.documents.faults.push(fault);
    }

    /// The place of a piece of the file.
    fn at(&self, piece: &str) -> Place {
        let offset = (piece.as_ptr().addr()).wrapping_sub(self.text.as_ptr().addr());
        let (line, column) = self.lines.place(offset);
        Place {
            file: Arc::clone(self.file),
            line,
            column,
        }
    }

    /// The place of a fault in a piece of the file.
    fn within(&self, piece: &str, fault: JsonFault) -> Place {
        let start = self.at(piece);
        let line = u32::try_from(fault.line).unwrap_or(u32::MAX);
        let column = u32::try_from(fault.column).unwrap_or(u32::MAX);
        if line <= 1 {
            Place {
                column: start.column.saturating_add(column.saturating_sub(1)),
                ..start
            }
        } else {
            Place {
                line: start.line.saturating_add(line - 1),
                column,
                ..start
            }
        }
    }
}

fn is_fhir_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
}

fn is_type_name(text: &str) -> bool {
    text.len() <= 40 && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}
