//! The second reading of a message: writes its segments with what stands for their values.

use std::collections::VecDeque;
use std::sync::Arc;

use wardgate_deid::{Operation, Tally};

use super::Options;
use super::escape;
use super::header::Header;
use super::lines::{Line, is_header, parts};
use super::people::NULL;
use super::policy::{Field, LOCAL_SEGMENT, Shape, Tables, UNKNOWN_FIELD, UNKNOWN_SEGMENT};
use crate::leaf::{Coded, Leaves, Outcome};
use crate::patient::Segment;
use crate::role::Role;

/// What a message is rewritten with.
pub(crate) struct Rewriter<'a> {
    pub(crate) leaves: Leaves<'a>,
    pub(crate) options: &'a Options,
    pub(crate) header: &'a Header,
}

/// What was written, and what was done for it.
pub(crate) struct Page {
    pub(crate) text: String,
    /// What was done to which element, as numbers that [`note`] makes.
    pub(crate) notes: Vec<u32>,
}

impl Page {
    /// Notes an operation.
    pub(crate) fn note(&mut self, element: u16, operation: Operation) {
        self.notes.push(note(element, operation));
    }

    /// The same notes together, in counts.
    pub(crate) fn tally(mut self, tables: &'static Tables) -> Tally {
        let mut tally = Tally::default();
        self.notes.sort_unstable();
        for same in self.notes.chunk_by(|one, other| one == other) {
            let Some(note) = same.first() else { continue };
            let [_, high, low, operation] = note.to_be_bytes();
            if let Some(operation) = Operation::ALL.get(usize::from(operation)) {
                let name = tables.name(u16::from_be_bytes([high, low]));
                tally.add(name, *operation, same.len() as u64);
            }
        }
        tally
    }
}

/// An element and what was done to it as one number.
fn note(element: u16, operation: Operation) -> u32 {
    let [high, low] = element.to_be_bytes();
    u32::from_be_bytes([0, high, low, operation as u8])
}

impl Rewriter<'_> {
    /// Writes segments that belong to one patient.
    pub(crate) fn segments(&self, lines: &[Line<'_>], page: &mut Page) {
        let mut at = 0;
        while let Some(line) = lines.get(at) {
            let block = self.block(lines.get(at..).unwrap_or_default());
            if block > 1 {
                let block = lines.get(at..at + block).unwrap_or_default();
                self.written_over_lines(block, page);
                at += block.len();
                continue;
            }
            self.segment(line, None, page);
            at += 1;
        }
    }

    /// How many segments from the first on hold one text together.
    fn block(&self, lines: &[Line<'_>]) -> usize {
        let Some(first) = lines.first() else {
            return 0;
        };
        let id = first.id;
        match &id {
            Some(id) if id == b"NTE" => {
                lines.iter().take_while(|line| line.id == Some(*id)).count()
            }
            Some(id) if id == b"OBX" && self.is_text(first) => {
                let name = first.field(OBSERVATION);
                let same = |line: &&Line<'_>| {
                    line.id == Some(*id) && self.is_text(line) && line.field(OBSERVATION) == name
                };
                lines.iter().take_while(same).count()
            }
            Some(id) if id == b"DSP" => {
                lines.iter().take_while(|line| line.id == Some(*id)).count()
            }
            _ => 1,
        }
    }

    fn is_text(&self, line: &Line<'_>) -> bool {
        let name = line.field(VALUE_TYPE);
        matches!(name.trim(), "TX" | "FT" | "ST")
    }

    /// Segments whose texts are one text.
    fn written_over_lines(&self, block: &[Line<'_>], page: &mut Page) {
        let mut pieces = Vec::new();
        for line in block {
            let value = line.field(text_field(line));
            self.each_leaf(value, |leaf| {
                pieces.push(self.header.plain(leaf).into_owned())
            });
        }
        let mut outcomes: VecDeque<Outcome> = self.leaves.texts(&pieces).into();
        for line in block {
            self.segment(line, Some(&mut outcomes), page);
        }
    }

    /// Every leaf of a value that is not empty.
    fn each_leaf<'v>(&self, value: &'v str, mut each: impl FnMut(&'v str)) {
        let signs = &self.header.signs;
        for repetition in parts(Some(value), signs.repetition) {
            for component in parts(Some(repetition), signs.component) {
                for leaf in self.header.subcomponents(component) {
                    if !leaf.is_empty() && leaf != NULL {
                        each(leaf);
                    }
                }
            }
        }
    }

    fn segment(&self, line: &Line<'_>, mut texts: Option<&mut VecDeque<Outcome>>, page: &mut Page) {
        if line.body.is_empty() {
            page.text.push_str(line.end);
            return;
        }
        let id = line.id.unwrap_or_default();
        let Some(known) = line.known else {
            self.unknown(id, line, page);
            return;
        };
        // Segments about people come again and again in the messages about them.
        let keeps = self.leaves.patient.is_lasting()
            && !known.identifying.is_empty()
            && MEMORABLE.contains(&&id)
            && !self.leaves.holds_transient(line.body);
        if keeps && let Some(before) = self.leaves.patient.segment(line.body) {
            page.text.push_str(&before.text);
            page.text.push_str(line.end);
            page.notes.extend_from_slice(&before.notes);
            return;
        }
        let (text_from, notes_from) = (page.text.len(), page.notes.len());
        let signs = &self.header.signs;
        page.text.push_str(line.body.get(..3).unwrap_or_default());
        if is_header(id) {
            // Its first field is the sign, its second the other signs.
            page.text.push(char::from(signs.field));
            page.text.push_str(line.field(2));
        }
        let first = if is_header(id) { 3 } else { 1 };
        for (number, value) in line.fields().filter(|(number, _)| *number >= first) {
            page.text.push(char::from(signs.field));
            if value.is_empty() {
                continue;
            }
            let Some(field) = known.field(number) else {
                page.note(
                    self.header.tables.element(UNKNOWN_FIELD),
                    Operation::Removed,
                );
                continue;
            };
            match &id {
                b"OBX" if number == OBSERVATION_VALUE => {
                    self.observation(line, value, field, texts.as_deref_mut(), page)
                }
                b"NTE" | b"DSP" if number == TEXT_FIELD => {
                    self.value(value, field, &field.shape, texts.as_deref_mut(), page);
                }
                _ => self.value(
                    value,
                    field,
                    field.shape_of(value, signs.component),
                    None,
                    page,
                ),
            }
        }
        if keeps {
            let segment = Segment {
                text: page.text.get(text_from..).unwrap_or_default().into(),
                notes: page.notes.get(notes_from..).unwrap_or_default().into(),
            };
            self.leaves
                .patient
                .keep_segment(line.body, Arc::new(segment));
        }
        page.text.push_str(line.end);
    }

    /// A segment that the standard does not know: it goes, but for fields that the options name.
    fn unknown(&self, id: [u8; 3], line: &Line<'_>, page: &mut Page) {
        let local = id.first() == Some(&b'Z');
        let name = if local {
            LOCAL_SEGMENT
        } else {
            UNKNOWN_SEGMENT
        };
        let element = self.header.tables.element(name);
        let kept = self.options.kept_fields(id);
        if !local || kept.is_empty() {
            page.note(element, Operation::Removed);
            return;
        }
        page.text.push_str(line.body.get(..3).unwrap_or_default());
        let shape = Shape::of_role(Role::Text).repeating();
        for (number, value) in line.fields() {
            page.text.push(char::from(self.header.signs.field));
            if value.is_empty() {
                continue;
            }
            if kept.contains(&number) {
                self.parts_of(value, element, &shape, None, page);
            } else {
                page.note(element, Operation::Removed);
            }
        }
        page.text.push_str(line.end);
    }

    /// The value of an observation, by the type that OBX-2 names.
    fn observation(
        &self,
        line: &Line<'_>,
        value: &str,
        field: &'static Field,
        texts: Option<&mut VecDeque<Outcome>>,
        page: &mut Page,
    ) {
        let name = line.field(VALUE_TYPE).trim();
        if name == "ED" {
            self.document(value, field, page);
            return;
        }
        if let Some(value) = self.great_age(line, name, value) {
            page.text.push_str(&value);
            page.note(field.element, Operation::Generalised);
            return;
        }
        if matches!(name, "" | NULL) {
            let untyped = Shape::of_role(Role::Text).repeating();
            return self.value(value, field, &untyped, texts, page);
        }
        match self.header.tables.data_type(name) {
            Some(shape) => self.value(value, field, shape, texts, page),
            None => page.note(field.element, Operation::Removed),
        }
    }

    /// Writes a value with all of its repetitions.
    fn value(
        &self,
        value: &str,
        field: &'static Field,
        shape: &Shape,
        texts: Option<&mut VecDeque<Outcome>>,
        page: &mut Page,
    ) {
        if shape.components.len() == 5 && shape.name == "ED" {
            return self.document(value, field, page);
        }
        self.parts_of(value, field.element, shape, texts, page);
    }

    fn parts_of(
        &self,
        value: &str,
        element: u16,
        shape: &Shape,
        mut texts: Option<&mut VecDeque<Outcome>>,
        page: &mut Page,
    ) {
        let signs = &self.header.signs;
        if self.header.signs_in(value) == 0 && value != NULL {
            return self.one_leaf(value, element, shape, texts, page);
        }
        for (at, repetition) in parts(Some(value), signs.repetition).enumerate() {
            if at > 0 {
                page.text.push(char::from(signs.repetition));
            }
            let coded = self.coding(shape, repetition);
            for (place, component) in parts(Some(repetition), signs.component).enumerate() {
                if place > 0 {
                    page.text.push(char::from(signs.component));
                }
                let roles = shape.component(place).unwrap_or(&[Role::Drop]);
                for (at, leaf) in self.header.subcomponents(component).enumerate() {
                    if let (true, Some(sign)) = (at > 0, signs.subcomponent) {
                        page.text.push(char::from(sign));
                    }
                    if leaf.is_empty() || leaf == NULL {
                        page.text.push_str(leaf);
                        continue;
                    }
                    let role = match roles
                        .get(at)
                        .or(roles.last())
                        .copied()
                        .unwrap_or(Role::Drop)
                    {
                        // A code has no parts: what stands there is something else.
                        Role::Code | Role::Number | Role::Keep if at >= roles.len() => Role::Drop,
                        role => role,
                    };
                    let role = match role {
                        Role::Identity(kind) => {
                            Role::Identity(kind.refined(shape, repetition, self.header))
                        }
                        role => role,
                    };
                    let coded = match role {
                        // The system that is named is that of the first code.
                        Role::Code if place != CODE && place != SYSTEM => Coded::Not,
                        _ => coded,
                    };
                    let given = texts.as_deref_mut().and_then(VecDeque::pop_front);
                    let operation = self.write(role, leaf, coded, given, &mut page.text);
                    page.note(element, operation);
                }
            }
        }
    }

    /// A value of one leaf, which stands beside no other.
    fn one_leaf(
        &self,
        value: &str,
        element: u16,
        shape: &Shape,
        texts: Option<&mut VecDeque<Outcome>>,
        page: &mut Page,
    ) {
        let roles = shape.component(0).unwrap_or_default();
        let role = roles.first().copied().unwrap_or(Role::Drop);
        let given = texts.and_then(VecDeque::pop_front);
        let outcome = given.unwrap_or_else(|| self.leaves.leaf_of_message(role, value, Coded::Not));
        let operation = self.write_outcome(outcome, value, &mut page.text);
        page.note(element, operation);
    }

    /// What stands beside the words of a value, by its code and coding system.
    fn coding(&self, shape: &Shape, repetition: &str) -> Coded {
        if !shape.is_coded() || self.header.component(repetition, CODE).is_empty() {
            return Coded::Not;
        }
        match self.header.component(repetition, SYSTEM).trim() {
            system if is_public(system) => Coded::Publicly,
            system if is_local(system) => Coded::Locally,
            // Whatever stands there may be anything, a name in the wrong field too.
            _ => Coded::Not,
        }
    }

    /// Writes what became of a leaf without escapes.
    fn write_outcome(&self, outcome: Outcome, leaf: &str, out: &mut String) -> Operation {
        match outcome {
            Outcome::Same => {
                out.push_str(leaf);
                Operation::Kept
            }
            Outcome::New(new, operation) => {
                self.encode(&new, out);
                operation
            }
            Outcome::Gone => Operation::Removed,
        }
    }

    /// Writes a text as a value.
    fn encode(&self, text: &str, out: &mut String) {
        match self.header.signs_in(text) {
            0 => out.push_str(text),
            _ => escape::encode(text, &self.header.signs, out),
        }
    }

    /// Writes one leaf.
    pub(crate) fn write(
        &self,
        role: Role,
        leaf: &str,
        coded: Coded,
        given: Option<Outcome>,
        out: &mut String,
    ) -> Operation {
        let signs = &self.header.signs;
        let escaped = signs
            .escape
            .is_some_and(|escape| memchr::memchr(escape, leaf.as_bytes()).is_some());
        if !escaped {
            let outcome = given.unwrap_or_else(|| self.leaves.leaf_of_message(role, leaf, coded));
            return self.write_outcome(outcome, leaf, out);
        }
        let plain = escape::decode(leaf, signs, self.header.charset);
        match given.unwrap_or_else(|| self.leaves.leaf_of_message(role, &plain.text, coded)) {
            Outcome::Same if plain.whole => {
                out.push_str(leaf);
                Operation::Kept
            }
            // What could not be read does not stand.
            Outcome::Same => {
                escape::encode(&plain.text, signs, out);
                Operation::Cleaned
            }
            Outcome::New(new, operation) => {
                escape::encode(&new, signs, out);
                operation
            }
            Outcome::Gone => Operation::Removed,
        }
    }
}

/// The field of a segment that holds its text.
fn text_field(line: &Line<'_>) -> usize {
    if line.id == Some(*b"OBX") {
        OBSERVATION_VALUE
    } else {
        TEXT_FIELD
    }
}

/// Whether a coding system is a public one, whose words nobody writes by hand.
fn is_public(system: &str) -> bool {
    let system = system.trim();
    let listed = PUBLIC_SYSTEMS
        .iter()
        .any(|public| public.eq_ignore_ascii_case(system));
    listed || (system.len() == 7 && system.starts_with("HL7"))
}

/// Whether a coding system is one of the sender's own, as table 0396 writes them.
fn is_local(system: &str) -> bool {
    system == "L" || system.starts_with("99")
}

/// The components of a coded value that hold its code and the system of it.
const CODE: usize = 0;
const SYSTEM: usize = 2;
const VALUE_TYPE: usize = 2;
const OBSERVATION: usize = 3;
const OBSERVATION_VALUE: usize = 5;
const TEXT_FIELD: usize = 3;
/// Segments about people, which come again as they were.
const MEMORABLE: [&[u8; 3]; 14] = [
    b"PID", b"PD1", b"NK1", b"PV1", b"PV2", b"GT1", b"IN1", b"IN2", b"IN3", b"MRG", b"ROL", b"EVN",
    b"ORC", b"ARV",
];
/// After table 0396.
const PUBLIC_SYSTEMS: [&str; 24] = [
    "LN", "LOINC", "SCT", "SNM", "SNM3", "SNOMED", "SCT2", "I9", "I9C", "I9CDX", "I9CP", "I10",
    "I10C", "I10P", "C4", "C5", "CPT4", "NDC", "RXNORM", "CVX", "MVX", "UCUM", "MDC", "DCM",
];
