//! What the well-known fields of a message tell of people.

use wardgate_deid::{Action, Kind, Part, RecordRules, Traces};

use super::reading::{Segment, split};

/// A segment that is known to tell of people: its well-known fields, in their order.
pub(super) struct Telling {
    segment: [u8; 3],
    fields: &'static [(usize, Told)],
}

/// What a field tells.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// A name, whose family name is the component of this number.
    Name(usize),
    /// A number in its first component.
    Value(Kind),
    /// A phone number in the first component, an e-mail address in the fourth.
    Contact,
    /// A street in the first component.
    Address,
}

impl Telling {
    /// What the segment of these letters tells.
    pub(super) fn of(id: &str) -> Option<&'static Self> {
        TOLD.iter().find(|told| told.segment == id.as_bytes())
    }
}

impl<'a> Segment<'a> {
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
}

/// Notes what tells the people of a segment from others, as it is written, and the ids of its orders, which seldom
/// come again.
pub(super) fn note(rules: &RecordRules, segment: &Segment<'_>, key: &mut String, ids: &mut Traces) {
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

/// Notes what the well-known fields of a segment say about people.
pub(super) fn learn(rules: &RecordRules, segment: &Segment<'_>, people: &mut Traces) {
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
    use super::super::reading::segments;
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
}
