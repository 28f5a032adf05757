//! An independent reading of an output: none of the tables, readers or rules that wrote it.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use wardgate_deid::{Action, Found, Kind, Part, RecordFault, RecordRules, Tracer, Traces};

use crate::kept::Kept;

/// Looks for what identified people in the input.
///
/// Making ready to look costs more than looking: it is kept for the next message about the same people.
pub(super) fn verify(
    rules: &RecordRules,
    kept: &Kept<Arc<Tracer>>,
    input: &[u8],
    output: &[u8],
) -> Result<Found, RecordFault> {
    let mut learnt = Learnt::default();
    for segment in segments(&text_of(input)) {
        learn(rules, &segment, &mut learnt);
    }
    let people = kept.find(&learnt.key).unwrap_or_else(|| {
        let tracer = Arc::new(learnt.people.compile_quickly());
        if learnt.key.len() <= KEY_BYTES_MAX {
            kept.keep(&learnt.key, Arc::clone(&tracer));
        }
        tracer
    });
    let ids = (!learnt.ids.is_empty()).then(|| learnt.ids.compile_quickly());
    let tracers: Vec<&Tracer> = [Some(&*people), ids.as_ref()]
        .into_iter()
        .flatten()
        .collect();
    Ok(search(&tracers, output))
}

/// What the input says about people, and about its orders.
#[derive(Default)]
struct Learnt {
    people: Traces,
    ids: Traces,
    /// What tells these people from others.
    key: String,
}

impl Learnt {
    fn name(&mut self, name: &str) {
        self.key.push_str(name);
        self.key.push('\u{1}');
        self.people.name(name);
    }

    fn value(&mut self, kind: Kind, value: &str) {
        if kind == Kind::Id {
            return self.ids.value(kind, value);
        }
        self.key.push_str(kind.label());
        self.key.push_str(value);
        self.key.push('\u{2}');
        self.people.value(kind, value);
    }
}

fn search(tracers: &[&Tracer], output: &[u8]) -> Found {
    let mut found = bytes(tracers, output);
    let mut running = String::new();
    for segment in segments(&text_of(output)) {
        for leaf in segment.leaves() {
            let value = segment.unescaped(leaf);
            if value != leaf {
                for tracer in tracers {
                    found.merge(&tracer.value(&value));
                }
            }
            search_encoded(tracers, &value, &mut found);
        }
        // A word may go on in the next line of a text.
        let text = match segment.name {
            "OBX" => segment.field(5),
            "NTE" | "DSP" => segment.field(3),
            _ => "",
        };
        running.push_str(&segment.unescaped(text));
        if segment.name == "OBX" && segment.field(2) == "ED" {
            search_document(tracers, &segment, &mut found);
        }
    }
    found.merge(&bytes(tracers, running.as_bytes()));
    found
}

fn bytes(tracers: &[&Tracer], output: &[u8]) -> Found {
    let mut found = Found::default();
    for tracer in tracers {
        found.merge(&tracer.bytes(output));
    }
    found
}

/// A segment of a message, parted by the signs of the last header.
struct Segment<'a> {
    line: &'a str,
    fields: Vec<&'a str>,
    name: &'static str,
    signs: Signs,
}

#[derive(Clone, Copy)]
struct Signs {
    field: char,
    component: char,
    repetition: char,
    escape: char,
    subcomponent: char,
}

/// The text of the bytes; what is no UTF-8 is read as Latin-1.
fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// The segments of a text.
fn segments(text: &str) -> impl Iterator<Item = Segment<'_>> {
    let mut signs = Signs {
        field: '|',
        component: '^',
        repetition: '~',
        escape: '\\',
        subcomponent: '&',
    };
    text.split(['\r', '\n']).map(move |line| {
        let line = line.trim_start_matches(['\u{b}', '\u{1c}', '\u{feff}']);
        let (id, behind) = line.split_at_checked(3).unwrap_or_default();
        if matches!(id, "MSH" | "FHS" | "BHS") {
            let mut chars = behind.chars();
            let mut next = |usual| chars.next().unwrap_or(usual);
            signs = Signs {
                field: next('|'),
                component: next('^'),
                repetition: next('~'),
                escape: next('\\'),
                subcomponent: next('&'),
            };
        }
        let name = NAMES
            .iter()
            .find(|name| **name == id)
            .copied()
            .unwrap_or("");
        Segment {
            line,
            fields: line.split(signs.field).collect(),
            name,
            signs,
        }
    })
}

impl<'a> Segment<'a> {
    fn field(&self, number: usize) -> &'a str {
        self.fields.get(number).copied().unwrap_or_default()
    }

    fn leaves(&self) -> impl Iterator<Item = &'a str> {
        let Signs {
            field,
            component,
            repetition,
            subcomponent,
            ..
        } = self.signs;
        self.line
            .split([field, component, repetition, subcomponent])
            .filter(|leaf| !leaf.is_empty())
    }

    fn repetitions(&self, number: usize) -> impl Iterator<Item = &'a str> {
        let filled = self.field(number).split(self.signs.repetition);
        filled.filter(|one| !one.is_empty())
    }

    /// A component's first subcomponent, unescaped.
    fn part<'v>(&self, value: &'v str, at: usize) -> Cow<'v, str> {
        let component = value
            .split(self.signs.component)
            .nth(at)
            .unwrap_or_default();
        self.unescaped(
            component
                .split(self.signs.subcomponent)
                .next()
                .unwrap_or_default(),
        )
    }

    fn unescaped<'v>(&self, value: &'v str) -> Cow<'v, str> {
        if !value.contains(self.signs.escape) {
            return Cow::Borrowed(value);
        }
        let mut out = String::new();
        let mut pieces = value.split(self.signs.escape);
        out.push_str(pieces.next().unwrap_or_default());
        let mut inside = true;
        for piece in pieces {
            match (inside, piece) {
                (true, "F") => out.push(self.signs.field),
                (true, "S") => out.push(self.signs.component),
                (true, "R") => out.push(self.signs.repetition),
                (true, "T") => out.push(self.signs.subcomponent),
                (true, "E") => out.push(self.signs.escape),
                (true, "H" | "N") => {}
                (true, piece) if piece.starts_with('.') => out.push('\n'),
                (true, piece) if piece.starts_with('X') => {
                    let digits: Vec<u32> = piece.chars().filter_map(|c| c.to_digit(16)).collect();
                    let bytes = digits
                        .chunks_exact(2)
                        .map(|pair| pair.iter().fold(0, |sum, digit| sum * 16 + digit));
                    let bytes: Vec<u8> = bytes.filter_map(|byte| u8::try_from(byte).ok()).collect();
                    out.push_str(&String::from_utf8_lossy(&bytes));
                }
                (_, piece) => out.push_str(piece),
            }
            inside = !inside;
        }
        Cow::Owned(out)
    }
}

/// Notes what the well-known fields of a segment say about people.
fn learn(rules: &RecordRules, segment: &Segment<'_>, learnt: &mut Learnt) {
    let goes = |kind| !matches!(rules.profile().action(kind, Part::Whole), Action::Keep);
    for (name, number, first) in PEOPLE {
        if *name != segment.name || !goes(Kind::Name) {
            continue;
        }
        for one in segment.repetitions(*number) {
            let [family, given, middle] = [0, 1, 2].map(|at| segment.part(one, first + at));
            learnt.name(&format!("{given} {family}"));
            learnt.name(&format!("{given} {middle} {family}"));
        }
    }
    for (name, number, kind) in VALUES {
        if *name != segment.name || !goes(*kind) {
            continue;
        }
        for one in segment.repetitions(*number) {
            learnt.value(*kind, &segment.part(one, 0));
        }
    }
    for (name, number) in CONTACTS {
        if *name != segment.name {
            continue;
        }
        for one in segment.repetitions(*number) {
            let (number, email) = (segment.part(one, 0), segment.part(one, 3));
            if goes(Kind::Phone) {
                learnt.value(Kind::Phone, &number);
            }
            if goes(Kind::Email) {
                learnt.value(Kind::Email, &email);
            }
        }
    }
    for (name, number) in ADDRESSES {
        let street = rules.profile().action(Kind::Location, Part::Street) != Action::Keep;
        if *name == segment.name && street {
            for one in segment.repetitions(*number) {
                learnt.value(Kind::Location, &segment.part(one, 0));
            }
        }
    }
}

/// Looks into what may be base64.
fn search_encoded(tracers: &[&Tracer], value: &str, found: &mut Found) {
    let runs = value.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '/'));
    for run in runs.filter(|run| run.len() >= ENCODED_LEN_MIN) {
        let whole = run.len() / 4 * 4;
        if let Some(Ok(bytes)) = run.get(..whole).map(|run| BASE64_STANDARD.decode(run)) {
            found.merge(&self::bytes(tracers, &bytes));
        }
    }
}

/// Looks into the text of an embedded document, as far as its form tells it.
fn search_document(tracers: &[&Tracer], segment: &Segment<'_>, found: &mut Found) {
    for one in segment.repetitions(5) {
        let data = one
            .split(segment.signs.component)
            .nth(4)
            .unwrap_or_default();
        let data: String = segment.unescaped(data).split_whitespace().collect();
        let Ok(bytes) = BASE64_STANDARD.decode(data) else {
            continue;
        };
        let media_type = format!("{}/{}", segment.part(one, 1), segment.part(one, 2));
        found.merge(&self::bytes(tracers, &bytes));
        if let Ok(text) = wardgate_documents::decoded_text(&media_type, &bytes) {
            for tracer in tracers {
                found.merge(&tracer.value(&text));
            }
        }
    }
}

/// What is known of more people than this is not kept.
const KEY_BYTES_MAX: usize = 16 * 1024;
const ENCODED_LEN_MIN: usize = 16;
const NAMES: [&str; 18] = [
    "PID", "MRG", "NK1", "GT1", "IN1", "IN2", "PV1", "PD1", "OBR", "ORC", "OBX", "NTE", "EVN",
    "ROL", "TXA", "DSP", "STF", "ACC",
];
/// Where names stand: segment, field, and the component of the family name.
const PEOPLE: &[(&str, usize, usize)] = &[
    ("PID", 5, 0),
    ("PID", 6, 0),
    ("PID", 9, 0),
    ("MRG", 7, 0),
    ("NK1", 2, 0),
    ("NK1", 30, 0),
    ("GT1", 3, 0),
    ("GT1", 4, 0),
    ("IN1", 6, 0),
    ("IN1", 16, 0),
    ("STF", 3, 0),
    ("PD1", 4, 1),
    ("PV1", 7, 1),
    ("PV1", 8, 1),
    ("PV1", 9, 1),
    ("PV1", 17, 1),
    ("OBR", 10, 1),
    ("OBR", 16, 1),
    ("ORC", 10, 1),
    ("ORC", 11, 1),
    ("ORC", 12, 1),
    ("OBX", 16, 1),
    ("EVN", 5, 1),
    ("ROL", 4, 1),
    ("TXA", 5, 1),
    ("TXA", 9, 1),
];
const VALUES: &[(&str, usize, Kind)] = &[
    ("PID", 2, Kind::Mrn),
    ("PID", 3, Kind::Mrn),
    ("PID", 4, Kind::Mrn),
    ("PID", 18, Kind::Account),
    ("PID", 19, Kind::Ssn),
    ("PID", 20, Kind::License),
    ("PID", 21, Kind::Mrn),
    ("MRG", 1, Kind::Mrn),
    ("MRG", 3, Kind::Account),
    ("MRG", 4, Kind::Mrn),
    ("NK1", 33, Kind::Id),
    ("NK1", 37, Kind::Ssn),
    ("GT1", 12, Kind::Ssn),
    ("IN1", 36, Kind::HealthPlan),
    ("IN1", 49, Kind::HealthPlan),
    ("IN2", 2, Kind::Ssn),
    ("PV1", 19, Kind::Account),
    ("PV1", 50, Kind::Account),
    ("ORC", 2, Kind::Id),
    ("ORC", 3, Kind::Id),
    ("OBR", 2, Kind::Id),
    ("OBR", 3, Kind::Id),
];
const CONTACTS: &[(&str, usize)] = &[
    ("PID", 13),
    ("PID", 14),
    ("PID", 40),
    ("NK1", 5),
    ("NK1", 6),
    ("NK1", 31),
    ("GT1", 6),
    ("GT1", 7),
    ("OBR", 17),
    ("ORC", 14),
];
const ADDRESSES: &[(&str, usize)] = &[
    ("PID", 11),
    ("NK1", 4),
    ("GT1", 5),
    ("IN1", 19),
    ("ORC", 24),
    ("ACC", 11),
];
