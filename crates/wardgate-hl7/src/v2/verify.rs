//! An independent reading of an output: none of the tables, readers or rules that wrote it.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

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
    let text = text_of(input);
    let named: Vec<Segment<'_>> = segments(&text)
        .filter(|segment| segment.told.is_some())
        .collect();
    let mut key = String::with_capacity(KEY_BYTES_USUAL);
    let mut ids = Traces::default();
    let mut signs = None;
    for segment in &named {
        if signs.replace(segment.signs) != Some(segment.signs) {
            key.push_str("MSH");
            key.extend(segment.signs.all());
        }
        note(rules, segment, &mut key, &mut ids);
    }
    let people = kept.find(&key).unwrap_or_else(|| {
        let mut people = Traces::default();
        for segment in &named {
            learn(rules, segment, &mut people);
        }
        let tracer = Arc::new(people.compile_when_needed());
        if key.len() <= KEY_BYTES_MAX {
            kept.keep(&key, Arc::clone(&tracer));
        }
        tracer
    });
    let ids = (!ids.is_empty()).then(|| ids.compile_when_needed());
    let tracers: Vec<&Tracer> = [Some(&*people), ids.as_ref()]
        .into_iter()
        .flatten()
        .collect();
    Ok(search(&tracers, output))
}

/// Notes what tells the people of a segment from others, as it is written, and the ids of its orders, which seldom
/// come again.
fn note(rules: &RecordRules, segment: &Segment<'_>, key: &mut String, ids: &mut Traces) {
    let goes = rules.profile().action(Kind::Id, Part::Whole) != Action::Keep;
    key.push_str(segment.id);
    for (what, value) in segment.told() {
        if what != Told::Value(Kind::Id) {
            key.push(segment.signs.field);
            key.push_str(value);
        } else if goes {
            for one in segment.repetitions(value) {
                ids.value(Kind::Id, &segment.part(one, 0));
            }
        }
    }
    key.push('\r');
}

fn search(tracers: &[&Tracer], output: &[u8]) -> Found {
    let mut found = bytes(tracers, output);
    let mut running = String::new();
    for segment in segments(&text_of(output)) {
        if segment.signs.part_codes() && !segment.line.contains(segment.signs.escape) {
            // Every leaf stands in the bytes as it is, and no sign is one of base64.
            search_encoded(tracers, segment.line, &mut found);
        } else {
            for leaf in segment.leaves() {
                let value = segment.unescaped(leaf);
                if value != leaf {
                    for tracer in tracers {
                        found.merge(&tracer.value(&value));
                    }
                }
                search_encoded(tracers, &value, &mut found);
            }
        }
        // A word may go on in the next line of a text.
        let text = match segment.id {
            "OBX" => segment.field(5),
            "NTE" | "DSP" => segment.field(3),
            _ => "",
        };
        running.push_str(&segment.unescaped(text));
        if segment.id == "OBX" && segment.field(2) == "ED" {
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
    /// Its three letters.
    id: &'a str,
    /// What it tells of people, as far as that is well known.
    told: Option<&'static Telling>,
    signs: Signs,
}

/// A segment that is known to tell of people: its well-known fields, in their order.
struct Telling {
    segment: [u8; 3],
    fields: &'static [(usize, Told)],
}

/// What a field tells.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    /// A name, whose family name is the component of this number.
    Name(usize),
    /// A number in its first component.
    Value(Kind),
    /// A phone number in the first component, an e-mail address in the fourth.
    Contact,
    /// A street in the first component.
    Address,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Signs {
    field: char,
    component: char,
    repetition: char,
    escape: char,
    subcomponent: char,
}

impl Signs {
    fn all(self) -> [char; 5] {
        [
            self.field,
            self.component,
            self.repetition,
            self.escape,
            self.subcomponent,
        ]
    }

    /// Whether each sign ends a word of base64.
    fn part_codes(self) -> bool {
        self.all()
            .into_iter()
            .all(|sign| u8::try_from(sign).is_ok_and(|sign| sign.is_ascii() && !is_encoding(sign)))
    }
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
    lines(text).map(move |line| {
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
        Segment {
            line,
            id,
            told: TOLD.iter().find(|told| told.segment == id.as_bytes()),
            signs,
        }
    })
}

/// The lines of a text, whatever ends them.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        match memchr::memchr2(b'\r', b'\n', text.as_bytes()) {
            Some(at) => {
                rest = text.get(at + 1..);
                text.get(..at)
            }
            None => rest.take(),
        }
    })
}

/// The parts of a text between a sign: most are short.
fn split(text: &str, sign: char) -> impl Iterator<Item = &str> {
    let byte = u8::try_from(sign).ok().filter(u8::is_ascii);
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let found = match byte {
            Some(byte) => text.bytes().position(|other| other == byte),
            None => text.find(sign),
        };
        let Some(at) = found else {
            return rest.take();
        };
        rest = text.get(at + sign.len_utf8()..);
        text.get(..at)
    })
}

impl<'a> Segment<'a> {
    /// A field, counted from 0 for the segment's name.
    fn field(&self, number: usize) -> &'a str {
        let mut fields = split(self.line, self.signs.field);
        fields.nth(number).unwrap_or_default()
    }

    /// The well-known fields, each with what it tells.
    fn told(&self) -> impl Iterator<Item = (Told, &'a str)> {
        let mut fields = split(self.line, self.signs.field);
        let mut passed = 0;
        let told = self.told.map_or(&[][..], |told| told.fields);
        told.iter().map(move |(number, what)| {
            let ahead = number.saturating_sub(passed);
            passed = number + 1;
            (*what, fields.nth(ahead).unwrap_or_default())
        })
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

    fn repetitions<'v>(&self, value: &'v str) -> impl Iterator<Item = &'v str> {
        let filled = split(value, self.signs.repetition);
        filled.filter(|one| !one.is_empty())
    }

    /// A component's first subcomponent, unescaped.
    fn part<'v>(&self, value: &'v str, at: usize) -> Cow<'v, str> {
        let component = split(value, self.signs.component).nth(at);
        let mut leaves = split(component.unwrap_or_default(), self.signs.subcomponent);
        self.unescaped(leaves.next().unwrap_or_default())
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
fn learn(rules: &RecordRules, segment: &Segment<'_>, people: &mut Traces) {
    let goes = |kind, part| rules.profile().action(kind, part) != Action::Keep;
    for (what, value) in segment.told() {
        for one in segment.repetitions(value) {
            let part = |at| segment.part(one, at);
            match what {
                Told::Name(first) if goes(Kind::Name, Part::Whole) => {
                    let [family, given, middle] = [0, 1, 2].map(|at| part(first + at));
                    people.name(&format!("{given} {family}"));
                    people.name(&format!("{given} {middle} {family}"));
                }
                Told::Value(kind) if kind != Kind::Id && goes(kind, Part::Whole) => {
                    people.value(kind, &part(0));
                }
                Told::Contact => {
                    if goes(Kind::Phone, Part::Whole) {
                        people.value(Kind::Phone, &part(0));
                    }
                    if goes(Kind::Email, Part::Whole) {
                        people.value(Kind::Email, &part(3));
                    }
                }
                Told::Address if goes(Kind::Location, Part::Street) => {
                    people.value(Kind::Location, &part(0));
                }
                _ => {}
            }
        }
    }
}

/// Looks into what may be base64.
fn search_encoded(tracers: &[&Tracer], value: &str, found: &mut Found) {
    let bytes = value.as_bytes();
    let mut decoded = Vec::new();
    let is_code = |at: usize| bytes.get(at).is_some_and(|byte| is_encoding(*byte));
    let mut from = 0;
    // A run that is long enough has one of its letters at each step.
    while from + ENCODED_LEN_MIN <= bytes.len() {
        let step = from + ENCODED_LEN_MIN - 1;
        let back = (from..=step).rev().take_while(|at| is_code(*at)).count();
        if back == 0 {
            from = step + 1;
            continue;
        }
        let start = step + 1 - back;
        let ahead = bytes.get(step + 1..).unwrap_or_default();
        let end = step + 1 + ahead.iter().take_while(|byte| is_encoding(**byte)).count();
        let run = bytes.get(start..end).unwrap_or_default();
        if run.len() >= ENCODED_LEN_MIN {
            decode(run, &mut decoded);
            found.merge(&self::bytes(tracers, &decoded));
        }
        from = end;
    }
}

/// Reads the whole groups of a run of base64.
fn decode(run: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let (groups, _) = run.as_chunks::<4>();
    for group in groups {
        let value = group.iter().fold(0_u32, |value, byte| {
            (value << 6)
                | u32::from(
                    SIX_BITS
                        .get(usize::from(*byte))
                        .copied()
                        .unwrap_or_default(),
                )
        });
        let [_, bytes @ ..] = value.to_be_bytes();
        out.extend_from_slice(&bytes);
    }
}

/// Whether a byte is one of those of base64.
fn is_encoding(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

/// Looks into the text of an embedded document, as far as its form tells it.
fn search_document(tracers: &[&Tracer], segment: &Segment<'_>, found: &mut Found) {
    for one in segment.repetitions(segment.field(5)) {
        let data = split(one, segment.signs.component).nth(4);
        let data = data.unwrap_or_default();
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
const KEY_BYTES_USUAL: usize = 1024;
const ENCODED_LEN_MIN: usize = 16;
/// What each byte of base64 stands for (RFC 4648, table 1).
static SIX_BITS: LazyLock<[u8; 256]> = LazyLock::new(|| {
    let upper = b'A'..=b'Z';
    let all = upper
        .chain(b'a'..=b'z')
        .chain(b'0'..=b'9')
        .chain([b'+', b'/']);
    let mut table = [0; 256];
    for (value, byte) in (0..).zip(all) {
        if let Some(slot) = table.get_mut(usize::from(byte)) {
            *slot = value;
        }
    }
    table
});
/// Segments that tell of people.
const TOLD: &[Telling] = &[
    Telling {
        segment: *b"PID",
        fields: &[
            (2, Told::Value(Kind::Mrn)),
            (3, Told::Value(Kind::Mrn)),
            (4, Told::Value(Kind::Mrn)),
            (5, Told::Name(0)),
            (6, Told::Name(0)),
            (9, Told::Name(0)),
            (11, Told::Address),
            (13, Told::Contact),
            (14, Told::Contact),
            (18, Told::Value(Kind::Account)),
            (19, Told::Value(Kind::Ssn)),
            (20, Told::Value(Kind::License)),
            (21, Told::Value(Kind::Mrn)),
            (40, Told::Contact),
        ],
    },
    Telling {
        segment: *b"MRG",
        fields: &[
            (1, Told::Value(Kind::Mrn)),
            (3, Told::Value(Kind::Account)),
            (4, Told::Value(Kind::Mrn)),
            (7, Told::Name(0)),
        ],
    },
    Telling {
        segment: *b"NK1",
        fields: &[
            (2, Told::Name(0)),
            (4, Told::Address),
            (5, Told::Contact),
            (6, Told::Contact),
            (30, Told::Name(0)),
            (31, Told::Contact),
            (33, Told::Value(Kind::Id)),
            (37, Told::Value(Kind::Ssn)),
        ],
    },
    Telling {
        segment: *b"GT1",
        fields: &[
            (3, Told::Name(0)),
            (4, Told::Name(0)),
            (5, Told::Address),
            (6, Told::Contact),
            (7, Told::Contact),
            (12, Told::Value(Kind::Ssn)),
        ],
    },
    Telling {
        segment: *b"IN1",
        fields: &[
            (6, Told::Name(0)),
            (16, Told::Name(0)),
            (19, Told::Address),
            (36, Told::Value(Kind::HealthPlan)),
            (49, Told::Value(Kind::HealthPlan)),
        ],
    },
    Telling {
        segment: *b"STF",
        fields: &[(3, Told::Name(0))],
    },
    Telling {
        segment: *b"PD1",
        fields: &[(4, Told::Name(1))],
    },
    Telling {
        segment: *b"PV1",
        fields: &[
            (7, Told::Name(1)),
            (8, Told::Name(1)),
            (9, Told::Name(1)),
            (17, Told::Name(1)),
            (19, Told::Value(Kind::Account)),
            (50, Told::Value(Kind::Account)),
        ],
    },
    Telling {
        segment: *b"OBR",
        fields: &[
            (2, Told::Value(Kind::Id)),
            (3, Told::Value(Kind::Id)),
            (10, Told::Name(1)),
            (16, Told::Name(1)),
            (17, Told::Contact),
        ],
    },
    Telling {
        segment: *b"ORC",
        fields: &[
            (2, Told::Value(Kind::Id)),
            (3, Told::Value(Kind::Id)),
            (10, Told::Name(1)),
            (11, Told::Name(1)),
            (12, Told::Name(1)),
            (14, Told::Contact),
            (24, Told::Address),
        ],
    },
    Telling {
        segment: *b"OBX",
        fields: &[(16, Told::Name(1))],
    },
    Telling {
        segment: *b"EVN",
        fields: &[(5, Told::Name(1))],
    },
    Telling {
        segment: *b"ROL",
        fields: &[(4, Told::Name(1))],
    },
    Telling {
        segment: *b"TXA",
        fields: &[(5, Told::Name(1)), (9, Told::Name(1))],
    },
    Telling {
        segment: *b"IN2",
        fields: &[(2, Told::Value(Kind::Ssn))],
    },
    Telling {
        segment: *b"ACC",
        fields: &[(11, Told::Address)],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_told_in_their_order() {
        for told in TOLD {
            let numbers: Vec<usize> = told.fields.iter().map(|(number, _)| *number).collect();
            assert!(
                numbers.is_sorted_by(|one, other| one < other),
                "{:?}",
                told.segment
            );
        }
        let text = "MSH|^~\\&|A\rOBR|1|77|88|||||||4^Umlauf||||||5^Voss\r";
        let order = segments(text).nth(1).unwrap();
        let values: Vec<&str> = order.told().map(|(_, value)| value).collect();
        assert_eq!(values, ["77", "88", "4^Umlauf", "5^Voss", ""]);
    }

    #[test]
    fn words_of_base64_are_found_wherever_they_stand() {
        let mut traces = Traces::default();
        traces.name("Maria Lindqvist");
        let tracer = traces.compile();
        let word = BASE64_STANDARD.encode("seen: Maria Lindqvist, 12");
        for before in 0..40 {
            for behind in ["", "|", "||||", "|short|words|only|here"] {
                let value = format!("{}|{word}{behind}", "x|".repeat(before));
                let mut found = Found::default();
                search_encoded(&[&tracer], &value, &mut found);
                assert!(found.any(), "{before} {behind}");
            }
        }
        for length in 0..40 {
            let text: String = ('a'..='z').cycle().take(length).collect();
            let word = BASE64_STANDARD.encode(&text);
            let word = word.trim_end_matches('=');
            let mut decoded = Vec::new();
            decode(word.as_bytes(), &mut decoded);
            assert_eq!(decoded, text.as_bytes()[..word.len() / 4 * 3]);
        }
        let mut found = Found::default();
        search_encoded(
            &[&tracer],
            "nothing|of|anybody|hereorelsewhere|0123456789",
            &mut found,
        );
        assert!(!found.any());
    }
}
