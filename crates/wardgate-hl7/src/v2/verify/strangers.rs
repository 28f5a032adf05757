//! Names of anybody that stand alone in the place of a code, in well-known fields of codes.
//!
//! With the writing of a message this shares the lists of words alone, not what it makes of them nor where it does: a
//! word is sought only where it is a name for sure, so that no code which rightly stays is taken for a leak.

use wardgate_deid::{Action, Found, Kind, LoneWord, Part, RecordRules, WordUse};

use super::reading::{Segment, split};
use crate::vocabulary;

/// The names that stand so in an input.
pub(super) struct Strangers {
    names: Vec<String>,
    /// Whether names are to go.
    sought: bool,
}

impl Strangers {
    /// None yet, under the profile of a run.
    pub(super) fn new(rules: &RecordRules) -> Self {
        Self {
            names: Vec::new(),
            sought: rules.profile().action(Kind::Name, Part::Whole) != Action::Keep,
        }
    }

    /// Notes those of a segment of the input.
    pub(super) fn learn(&mut self, segment: &Segment<'_>) {
        if self.sought {
            each_code(segment, |code| {
                if is_name(code) && !self.names.iter().any(|known| known == code) {
                    self.names.push(code.to_owned());
                }
            });
        }
    }

    /// Counts those that stand so in a segment of the output.
    pub(super) fn search(&self, segment: &Segment<'_>, found: &mut Found) {
        if !self.names.is_empty() {
            each_code(segment, |code| {
                if self.names.iter().any(|name| name == code) {
                    found.note(Kind::Name);
                }
            });
        }
    }
}

/// Each code in the well-known fields of a segment that may be a word, but those of a system that is named.
fn each_code(segment: &Segment<'_>, mut each: impl FnMut(&str)) {
    let Ok(at) = CODES.binary_search_by(|(id, _)| (*id).cmp(segment.id)) else {
        return;
    };
    let places = CODES.get(at).map_or(&[][..], |(_, places)| places);
    let mut fields = split(segment.line, segment.signs.field);
    let mut passed = 0;
    for number in places {
        let ahead = number.saturating_sub(passed);
        passed = number + 1;
        let value = fields.nth(ahead).unwrap_or_default();
        if value.len() < NAME_LEN_MIN {
            continue;
        }
        for one in segment.repetitions(value) {
            let code = segment.part(one, 0);
            let code = code.trim();
            let word = code.len() >= NAME_LEN_MIN && code.bytes().all(|b| b.is_ascii_alphabetic());
            if word && matches!(segment.part(one, 2).trim(), "" | "L") {
                each(code);
            }
        }
    }
}

/// Whether a word of letters is a name for sure.
fn is_name(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    if vocabulary::is_table_value(word) || vocabulary::is_word(&lower) {
        return false;
    }
    let known = LoneWord::of(word);
    if known.is_frequent_name() {
        return known.usage() < WordUse::Usual;
    }
    if known.usage() != WordUse::None || word.len() < UNUSUAL_LEN_MIN {
        return false;
    }
    // `Lindqvist`: whoever writes a code so writes a word.
    let small = |rest: &str| rest.bytes().all(|b| b.is_ascii_lowercase());
    let capital =
        word.starts_with(|c: char| c.is_ascii_uppercase()) && word.get(1..).is_some_and(small);
    let other = vocabulary::is_table_word(&lower) || vocabulary::ends_as_word(&lower);
    known.is_name() || (capital && !other)
}

const NAME_LEN_MIN: usize = 4;
/// Shorter words are abbreviations as often as names.
const UNUSUAL_LEN_MIN: usize = 6;
/// Fields of codes after the standard, in order, whose first component is the code in every version.
const CODES: &[(&str, &[usize])] = &[
    ("ABS", &[2, 3, 6, 9, 10, 11, 13, 14]),
    ("ACC", &[2, 4, 5, 6, 10]),
    ("AIG", &[2, 4, 10, 12, 13, 14]),
    ("AIL", &[2, 4, 8, 10, 11, 12]),
    ("AIP", &[2, 4, 8, 10, 11, 12]),
    ("AIS", &[2, 3, 6, 8, 9, 10, 11, 12]),
    ("AL1", &[2, 3, 4]),
    ("ARQ", &[6, 7, 8]),
    ("BLG", &[2, 4]),
    ("DB1", &[2, 4]),
    ("DG1", &[2, 3, 6, 8, 9, 17, 18, 21]),
    ("DRG", &[1, 3, 5, 8, 10]),
    ("EVN", &[1, 4]),
    ("FT1", &[6, 7, 17, 18, 19, 25, 27]),
    ("GOL", &[1, 3, 9, 10, 11, 16, 18, 20]),
    (
        "GT1",
        &[
            9, 10, 11, 20, 22, 23, 25, 30, 33, 34, 35, 36, 41, 43, 44, 48,
        ],
    ),
    ("IAM", &[2, 3, 4, 9, 10]),
    ("IN1", &[15, 17, 20, 21, 23, 25, 27, 31, 32, 43, 47, 48]),
    (
        "NK1",
        &[
            7, 14, 15, 17, 18, 19, 20, 21, 22, 23, 24, 25, 27, 28, 34, 35, 36,
        ],
    ),
    ("NTE", &[2, 4]),
    ("OBR", &[4, 24, 25, 30, 31, 41, 42, 43, 44, 45, 46]),
    ("OBX", &[2, 3, 10, 11, 17]),
    ("ORC", &[16, 20, 25, 28]),
    ("PD1", &[2, 5, 6, 7, 9, 11, 12, 15, 16, 19, 20, 21]),
    ("PID", &[8, 10, 16, 17, 22, 24, 26, 30, 31, 35, 36, 38]),
    ("PR1", &[2, 3, 6, 9, 13, 15, 16, 18, 20]),
    ("PRA", &[3, 4]),
    ("PRB", &[1, 3, 10, 12, 13, 14, 18, 19, 21, 22, 23]),
    ("PTH", &[1, 2, 5]),
    (
        "PV1",
        &[2, 4, 10, 12, 13, 14, 15, 16, 18, 21, 22, 24, 36, 38, 40, 41],
    ),
    (
        "PV2",
        &[
            2, 3, 4, 7, 15, 16, 18, 19, 21, 22, 24, 25, 27, 30, 31, 38, 39, 40, 43, 45,
        ],
    ),
    ("RGS", &[2]),
    ("ROL", &[2, 3, 7, 9]),
    ("RXA", &[5, 7, 8, 18, 19, 20, 21]),
    ("RXE", &[2, 5, 6, 9, 20, 21, 27]),
    ("RXO", &[1, 4, 5, 9, 16, 20]),
    ("RXR", &[1, 2, 3, 4]),
    ("SAC", &[8, 9, 12]),
    ("SCH", &[6, 7, 8, 10, 25]),
    ("SPM", &[4, 5, 6, 7, 8, 9, 10, 11, 20, 21]),
    ("TQ1", &[9, 12]),
    ("TXA", &[2, 3, 17, 18, 19, 20]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::Role;
    use crate::v2::policy::Version;

    #[test]
    fn each_place_holds_a_code_in_every_version() {
        assert!(CODES.is_sorted_by(|(one, _), (other, _)| one < other));
        let mut others = Vec::new();
        for version in Version::all() {
            for (segment, numbers) in CODES {
                assert!(numbers.is_sorted_by(|one, other| one < other));
                let id = *segment.as_bytes().first_chunk().unwrap();
                let known = version.tables().segment(id).unwrap();
                let fields = numbers.iter().filter_map(|number| known.field(*number));
                for field in fields {
                    let shapes = [Some(&field.shape), field.wide.as_ref()];
                    let roles = shapes
                        .iter()
                        .flatten()
                        .map(|shape| shape.component(0).unwrap()[0]);
                    others.extend(
                        roles
                            .filter(|role| *role != Role::Code)
                            .map(|role| (&field.name, role)),
                    );
                }
            }
        }
        assert!(others.is_empty(), "{others:?}");
    }

    #[test]
    fn no_code_that_is_known_is_a_name() {
        for value in vocabulary::table_values().chain(vocabulary::listed_words()) {
            assert!(!is_name(value), "{value}");
            assert!(!is_name(&value.to_uppercase()), "{value}");
        }
        for code in [
            "MICU",
            "Emergency",
            "Unfallchirurgie",
            "ROUTINE",
            "mmol",
            "Candida",
            "XRAYS",
        ] {
            assert!(!is_name(code), "{code}");
        }
        for name in [
            "Vandersloot",
            "NGUYEN",
            "Smithson",
            "garcia",
            "Trzebiatowski",
        ] {
            assert!(is_name(name), "{name}");
        }
    }
}
