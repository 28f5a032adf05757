//! The second reading of a document: writes its tags and texts with what stands for their values.

use std::collections::BTreeMap;

use wardgate_deid::{Action, Kind, Operation, Part};

use super::attachment;
use super::narrative;
use super::people::{is_person, number_kind, scheme, whose};
use super::policy::{self, Attributed, Holds, Whose};
use super::tape::{Attribute, Piece, Tag, Tape, is_public_space};
use crate::leaf::{Coded, Leaves, Outcome};
use crate::role::Role;

/// Writes a document.
pub(crate) struct Writer<'a> {
    pub(crate) tape: &'a Tape,
    pub(crate) leaves: Leaves<'a>,
    pub(crate) out: String,
    pub(crate) notes: Vec<(&'static str, Operation)>,
}

/// What stands around an element.
#[derive(Clone, Copy)]
pub(crate) struct Around<'t> {
    holds: Holds,
    /// The name of the element around.
    name: &'t str,
    whose: Option<Whose>,
    /// Whether it is in the patient's role.
    patient: bool,
    /// The new texts, where they were worked out together.
    texts: Option<&'t BTreeMap<usize, String>>,
}

impl Writer<'_> {
    /// Writes all pieces.
    pub(crate) fn document(&mut self) {
        self.out
            .push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let around = Around {
            holds: Holds::Structure,
            name: "",
            whose: None,
            patient: false,
            texts: None,
        };
        let root = self
            .tape
            .pieces
            .iter()
            .position(|piece| matches!(piece, Piece::Open(_)));
        self.element(root.unwrap_or_default(), &around);
        self.out.push('\n');
    }

    fn element(&mut self, at: usize, around: &Around<'_>) {
        let tape = self.tape;
        let Some(tag) = tape.tag(at) else {
            return;
        };
        let holds = resolved(tag, around);
        if !tag.known_space || holds == Holds::Drop {
            self.notes
                .push((policy::known_name(&tag.name), Operation::Removed));
            return;
        }
        let inside = Around {
            holds,
            name: &tag.name,
            whose: whose(tag).or(around.whose),
            patient: around.patient && !matches!(holds, Holds::Whose(Whose::Organization))
                || tag.name == "patientRole",
            texts: around.texts,
        };
        // `observationMedia/value` is a document without saying so by `xsi:type`.
        let could_be = matches!(holds, Holds::Text | Holds::Document | Holds::Unknown);
        if could_be && attachment::is_attachment(tag) {
            return self.attachment(at, tag, &inside);
        }
        if holds == Holds::Text && around.texts.is_none() {
            let texts = narrative::cleaned(tape, at, &self.leaves);
            let operation = if texts.is_empty() {
                Operation::Kept
            } else {
                Operation::Cleaned
            };
            self.notes.push((policy::known_name(&tag.name), operation));
            let inside = Around {
                texts: Some(&texts),
                ..inside
            };
            return self.whole(at, tag, &inside);
        }
        self.whole(at, tag, &inside);
    }

    /// Writes a tag with all that it holds.
    fn whole(&mut self, at: usize, tag: &Tag, inside: &Around<'_>) {
        let masked = self.open(tag, inside);
        let opened = self.out.len();
        self.content(at, tag, inside);
        let emptied = self.out.len() == opened && at + 2 < tag.behind;
        if (masked || emptied) && tag.attribute("nullFlavor").is_none() && may_be_null(inside.holds)
        {
            // A value that had to go says so, as the standard has it for what is withheld.
            let content = self.out.split_off(opened);
            self.out.push_str(" nullFlavor=\"MSK\"");
            self.close(tag, &content);
            return;
        }
        let content = self.out.split_off(opened);
        self.close(tag, &content);
    }

    /// Writes the end of a start tag, content and end tag.
    pub(crate) fn close(&mut self, tag: &Tag, content: &str) {
        if content.is_empty() {
            self.out.push_str("/>");
            return;
        }
        self.out.push('>');
        self.out.push_str(content);
        self.out.push_str("</");
        self.out.push_str(&tag.written);
        self.out.push('>');
    }

    /// Writes what stands between the tags.
    pub(crate) fn content(&mut self, at: usize, tag: &Tag, inside: &Around<'_>) {
        let mut next = at + 1;
        while next + 1 < tag.behind {
            match self.tape.pieces.get(next) {
                Some(Piece::Open(child)) => {
                    let behind = child.behind;
                    self.element(next, inside);
                    next = behind.max(next + 1);
                }
                Some(Piece::Text(text)) => {
                    self.text(next, text, inside);
                    next += 1;
                }
                _ => next += 1,
            }
        }
    }

    fn text(&mut self, at: usize, text: &str, inside: &Around<'_>) {
        if text.trim().is_empty() {
            escape(text, &mut self.out);
            return;
        }
        if let Some(texts) = inside.texts {
            escape(texts.get(&at).map_or(text, String::as_str), &mut self.out);
            return;
        }
        let role = match inside.holds {
            Holds::Part(role) => role,
            Holds::Name => match inside.whose {
                Some(Whose::Organization | Whose::Place) => Role::Facility,
                Some(Whose::Material | Whose::Entity) => Role::Text,
                _ => Role::FullName,
            },
            Holds::Address => Role::Place,
            Holds::Telecom => Role::Phone,
            Holds::Id => Role::Id,
            Holds::Time => Role::Date,
            Holds::Birth => Role::Birth,
            Holds::Quantity | Holds::Number => Role::Number,
            Holds::Flag => Role::Code,
            _ => Role::Text,
        };
        let body = text.trim();
        let before = text.len() - text.trim_start().len();
        let behind = text.trim_end().len();
        self.out.push_str(text.get(..before).unwrap_or_default());
        let operation = match self.leaves.leaf(role, body, Coded::Not) {
            Outcome::Same => {
                escape(body, &mut self.out);
                Operation::Kept
            }
            Outcome::New(new, operation) => {
                escape(&new, &mut self.out);
                operation
            }
            Outcome::Gone => {
                self.out.truncate(self.out.len() - before);
                self.notes
                    .push((policy::known_name(inside.name), Operation::Removed));
                return;
            }
        };
        self.out.push_str(text.get(behind..).unwrap_or_default());
        self.notes
            .push((policy::known_name(inside.name), operation));
    }

    /// Writes a start tag up to its end; says whether a value that the element is about had to go.
    pub(crate) fn open(&mut self, tag: &Tag, inside: &Around<'_>) -> bool {
        self.out.push('<');
        self.out.push_str(&tag.written);
        let mut masked = false;
        for attribute in &tag.attributes {
            let gone = self.one(tag, attribute, inside) == Some(Operation::Removed);
            masked |= gone && TELLING.contains(&attribute.name.as_str());
        }
        masked
    }

    pub(crate) fn written(&mut self, name: &str, value: &str) {
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        escape(value, &mut self.out);
        self.out.push('"');
    }

    /// Writes one attribute.
    pub(crate) fn one(
        &mut self,
        tag: &Tag,
        attribute: &Attribute,
        inside: &Around<'_>,
    ) -> Option<Operation> {
        let operation = match self.attribute(tag, attribute, inside) {
            Outcome::Same => {
                self.written(&attribute.written, &attribute.value);
                return None;
            }
            Outcome::New(new, operation) => {
                self.written(&attribute.written, &new);
                operation
            }
            Outcome::Gone => Operation::Removed,
        };
        self.notes.push((policy::known_name(&tag.name), operation));
        Some(operation)
    }

    /// Writes an element below another.
    pub(crate) fn child(&mut self, at: usize, inside: &Around<'_>) {
        self.element(at, inside);
    }

    fn attribute(&self, tag: &Tag, attribute: &Attribute, inside: &Around<'_>) -> Outcome {
        let value = attribute.value.as_str();
        if attribute.name.starts_with("xmlns ") {
            return if is_public_space(value) {
                Outcome::Same
            } else {
                Outcome::Gone
            };
        }
        if value.is_empty() {
            return Outcome::Same;
        }
        match policy::attribute(&attribute.name) {
            Attributed::Drop => Outcome::Gone,
            Attributed::Keep => self.leaves.leaf(Role::Keep, value, Coded::Not),
            Attributed::Code if attribute.name == "codeSystemName" => {
                self.leaves.leaf(Role::Display, value, Coded::Publicly)
            }
            Attributed::Code => self.leaves.leaf(Role::Code, value, Coded::Not),
            Attributed::Display => self.leaves.leaf(Role::Display, value, coded(tag)),
            Attributed::Text => self.leaves.leaf(Role::Text, value, Coded::Not),
            Attributed::Root | Attributed::Extension if inside.holds == Holds::Keep => {
                self.leaves.leaf(Role::Keep, value, Coded::Not)
            }
            Attributed::Root => self.root(value),
            Attributed::Extension => self.extension(tag, value, inside),
            Attributed::Authority => self.leaves.leaf(Role::Facility, value, Coded::Not),
            Attributed::Anchor => Outcome::New(self.anchor(value), Operation::Replaced),
            Attributed::Anchors => {
                let all: Vec<String> = value
                    .split_whitespace()
                    .map(|one| self.anchor(one))
                    .collect();
                Outcome::New(all.join(" "), Operation::Replaced)
            }
            Attributed::Link => self.link(value),
            Attributed::Value => self.value(tag, value, inside),
        }
    }

    /// The `value` of an element, by what the element holds.
    fn value(&self, tag: &Tag, value: &str, inside: &Around<'_>) -> Outcome {
        let role = match inside.holds {
            Holds::Time => Role::Date,
            Holds::Birth => Role::Birth,
            Holds::Telecom => return self.contact(value),
            Holds::Reference => return self.link(value),
            Holds::Flag | Holds::Code => Role::Code,
            Holds::Keep => Role::Keep,
            Holds::Quantity | Holds::Number => {
                return self
                    .great_age(tag, value)
                    .unwrap_or_else(|| self.leaves.leaf(Role::Number, value, Coded::Not));
            }
            _ => Role::Text,
        };
        self.leaves.leaf(role, value, Coded::Not)
    }

    /// A time of more than 89 years, which is an age that no record may tell.
    fn great_age(&self, tag: &Tag, value: &str) -> Option<Outcome> {
        let years: f64 = value.trim().parse().ok()?;
        let in_years = matches!(tag.attribute("unit"), Some("a" | "a_j" | "a_g" | "a_t"));
        let told = self.leaves.rules.profile().action(Kind::Age, Part::Whole) == Action::Keep;
        let great = in_years && years > OLDEST_TOLD && !told;
        great.then(|| Outcome::New("90".to_owned(), Operation::Generalised))
    }

    fn contact(&self, value: &str) -> Outcome {
        let (scheme, contact) = scheme(value);
        let web = scheme.contains("//");
        let outcome = match web {
            true => self.leaves.leaf(Role::Uid, contact, Coded::Not),
            false => self.leaves.leaf(Role::Phone, contact, Coded::Not),
        };
        match outcome {
            Outcome::New(new, operation) => Outcome::New(format!("{scheme}{new}"), operation),
            other => other,
        }
    }

    fn link(&self, value: &str) -> Outcome {
        match value.strip_prefix('#') {
            Some(anchor) => Outcome::New(format!("#{}", self.anchor(anchor)), Operation::Replaced),
            None => self.contact(value),
        }
    }

    /// Anchors are words that somebody chose: others stand for them, the same at both ends of a link.
    fn anchor(&self, value: &str) -> String {
        let mut id = self.leaves.rules.key().id("anchor", value);
        id.truncate(ANCHOR_LEN);
        format!("a{id}")
    }

    fn root(&self, value: &str) -> Outcome {
        if value.starts_with(NATIONAL_ROOTS) {
            return Outcome::Same;
        }
        self.leaves.leaf(Role::Uid, value, Coded::Not)
    }

    fn extension(&self, tag: &Tag, value: &str, inside: &Around<'_>) -> Outcome {
        let own = inside.patient && inside.whose.is_none_or(is_person);
        let role = match own {
            true => Role::Identity(number_kind(tag.attribute("root").unwrap_or_default())),
            false => Role::Id,
        };
        self.leaves.leaf(role, value, Coded::Not)
    }
}

/// What an element holds where it stands.
fn resolved(tag: &Tag, around: &Around<'_>) -> Holds {
    match policy::element(&tag.name) {
        Holds::Name | Holds::Value if around.name == "qualifier" => Holds::Code,
        Holds::Inherit => match around.holds {
            holds @ (Holds::Time | Holds::Birth | Holds::Code | Holds::Quantity) => holds,
            _ => Holds::Unknown,
        },
        Holds::Value => typed(tag),
        Holds::Time
            if tag
                .attribute("xsi:type")
                .is_some_and(|name| name.contains("PQ")) =>
        {
            Holds::Quantity
        }
        holds => holds,
    }
}

/// What a value holds by its type.
fn typed(tag: &Tag) -> Holds {
    let name = tag.attribute("xsi:type").unwrap_or_default();
    let name = name.rsplit(':').next().unwrap_or_default().trim();
    match name {
        "BL" | "BN" => Holds::Flag,
        "INT" | "REAL" | "PQ" | "MO" | "IVL_PQ" | "IVL_INT" | "IVL_REAL" | "RTO" | "RTO_PQ_PQ"
        | "RTO_QTY_QTY" | "RTO_MO_PQ" | "SLIST_PQ" | "GLIST_PQ" | "PPD_PQ" | "BXIT_IVL_PQ"
        | "SXCM_PQ" | "SXCM_INT" | "SXCM_REAL" | "IVXB_PQ" | "HXIT_PQ" => Holds::Quantity,
        "CD" | "CE" | "CS" | "CV" | "CO" | "SXCM_CD" | "BXIT_CD" | "HXIT_CE" | "EIVL_TS_event" => {
            Holds::Code
        }
        "TS" | "IVL_TS" | "PIVL_TS" | "EIVL_TS" | "SXPR_TS" | "SXCM_TS" | "GLIST_TS"
        | "IVXB_TS" | "PPD_TS" | "PIVL_PPD_TS" | "EIVL_PPD_TS" | "SXCM_PPD_TS" | "IVL_PPD_TS" => {
            Holds::Time
        }
        "II" => Holds::Id,
        "TEL" | "URL" => Holds::Telecom,
        "AD" => Holds::Address,
        "PN" | "EN" | "TN" | "ON" => Holds::Name,
        "ED" | "ST" | "SC" | "thumbnail" => Holds::Text,
        _ => Holds::Unknown,
    }
}

/// Whether an element of the kind may say that its value is withheld.
fn may_be_null(holds: Holds) -> bool {
    !matches!(
        holds,
        Holds::Structure
            | Holds::Whose(_)
            | Holds::Block
            | Holds::Inline
            | Holds::Keep
            | Holds::Text
    )
}

/// What stands beside the words of a code.
fn coded(tag: &Tag) -> Coded {
    let system = tag.attribute("codeSystem").unwrap_or_default();
    let known = tag.attribute("code").is_some_and(|code| !code.is_empty());
    match known {
        true if PUBLIC_SYSTEMS.iter().any(|root| system.starts_with(root)) => Coded::Publicly,
        true if !system.is_empty() => Coded::Locally,
        _ => Coded::Not,
    }
}

fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            other => out.push(other),
        }
    }
}

/// Attributes that are what an element says.
const TELLING: [&str; 4] = ["value", "extension", "root", "code"];
const ANCHOR_LEN: usize = 12;
const OLDEST_TOLD: f64 = 89.0;
/// Roots under which whole countries issue numbers.
const NATIONAL_ROOTS: &str = "2.16.840.1.113883.4.";
/// Code systems of HL7 and those that it registers.
const PUBLIC_SYSTEMS: [&str; 4] = [
    "2.16.840.1.113883.6.",
    "2.16.840.1.113883.5.",
    "2.16.840.1.113883.12.",
    "2.16.840.1.113883.1.11.",
];
