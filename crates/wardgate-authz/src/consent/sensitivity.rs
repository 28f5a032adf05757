//! The sensitivities of HL7 v3 ActCode (ActInformationSensitivityPolicy), and which contains which.
//!
//! Source of codes: the HL7 code system `v3-ActCode`. The relation `part_of` is that of the code
//! system, with the addition of IHE Privacy Consent on FHIR that `ETH` contains `ETHUD` and
//! `OPIOIDUD`. The relation `near` is ours and only widens denials: whoever keeps back mental
//! health keeps back psychiatry too, even though neither contains the other.

use std::sync::OnceLock;

/// Several sensitivities, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sensitivities(pub(crate) u64);

struct Entry {
    code: &'static str,
    words: &'static str,
    part_of: &'static [&'static str],
    near: &'static [&'static str],
    /// Whether the labelling step looks for it.
    looked_for: bool,
}

impl Sensitivities {
    pub(crate) const NONE: Self = Self(0);

    /// One sensitivity by its code.
    pub(crate) fn of(code: &str) -> Option<Self> {
        position(code).map(Self::at)
    }

    fn at(position: usize) -> Self {
        Self(1_u64 << position)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    fn each(self) -> impl Iterator<Item = usize> {
        (0..ENTRIES.len()).filter(move |position| self.0 >> position & 1 == 1)
    }

    /// These and their parts: what a permit of them reaches.
    pub(crate) fn with_parts(self) -> Self {
        self.gather(|reach| reach.parts)
    }

    /// These, their parts and what is near: what a denial of them reaches.
    pub(crate) fn with_near(self) -> Self {
        self.gather(|reach| reach.near)
    }

    /// These without the ones that another of them makes more precise.
    pub(crate) fn most_precise(self) -> Self {
        self.each().fold(self, |kept, position| {
            let wider = reaches().get(position).map_or(0, |reach| reach.wider);
            Self(kept.0 & !wider)
        })
    }

    /// Whether one of these may be there although the labelling step, which found `carried`,
    /// does not name it: it does not look for it, and nothing rules out what it is a part of.
    pub(crate) fn unseen(self, carried: Self) -> bool {
        self.each()
            .filter_map(|position| ENTRIES.get(position))
            .filter(|entry| !entry.looked_for)
            .any(|entry| {
                entry.part_of.is_empty()
                    || entry.part_of.iter().any(|wider| {
                        let wider = Self::of(wider).unwrap_or_default().with_near();
                        !wider.both(carried).is_empty()
                    })
            })
    }

    /// The codes, in the order of the table.
    pub(crate) fn codes(self) -> impl Iterator<Item = &'static str> {
        self.each()
            .filter_map(|position| ENTRIES.get(position).map(|entry| entry.code))
    }

    fn gather(self, part: fn(&Reach) -> u64) -> Self {
        Self(self.each().fold(0, |all, position| {
            all | reaches().get(position).map_or(0, part)
        }))
    }
}

/// What a sensitivity's code means.
#[must_use]
pub(crate) fn words(code: &str) -> Option<&'static str> {
    let entry = position(code).and_then(|position| ENTRIES.get(position))?;
    Some(entry.words)
}

fn position(code: &str) -> Option<usize> {
    ENTRIES.iter().position(|entry| entry.code == code)
}

#[derive(Clone, Copy)]
struct Reach {
    parts: u64,
    near: u64,
    wider: u64,
}

/// The relations carried on to their ends, worked out once.
fn reaches() -> &'static [Reach] {
    static REACHES: OnceLock<Vec<Reach>> = OnceLock::new();
    REACHES.get_or_init(|| {
        let all = |from: usize, also_near: bool| -> u64 {
            let mut seen = 1_u64 << from;
            // Each round goes one step down; there are never more steps than entries.
            for _ in ENTRIES {
                for (position, entry) in ENTRIES.iter().enumerate() {
                    let near = if also_near { entry.near } else { &[] };
                    let within = entry.part_of.iter().chain(near).any(|wider| {
                        self::position(wider).is_some_and(|wider| seen >> wider & 1 == 1)
                    });
                    if within {
                        seen |= 1 << position;
                    }
                }
            }
            seen
        };
        let parts: Vec<u64> = (0..ENTRIES.len()).map(|from| all(from, false)).collect();
        let psychotherapy = position("PSYTHPN");
        let wider = |of: usize| {
            let containing = parts
                .iter()
                .enumerate()
                .filter(|(from, parts)| *from != of && *parts >> of & 1 == 1)
                .fold(0, |all, (from, _)| all | 1 << from);
            // A note of psychotherapy is labelled as psychiatry beside; its own name is enough.
            let beside = if psychotherapy == Some(of) {
                ["PSY", "MH"]
                    .iter()
                    .filter_map(|code| position(code))
                    .fold(0, |all, near| all | 1 << near)
            } else {
                0
            };
            containing | beside
        };
        parts
            .iter()
            .enumerate()
            .map(|(of, of_parts)| Reach {
                parts: *of_parts,
                near: all(of, true),
                wider: wider(of),
            })
            .collect()
    })
}

const fn found(
    code: &'static str,
    words: &'static str,
    part_of: &'static [&'static str],
    near: &'static [&'static str],
) -> Entry {
    Entry {
        code,
        words,
        part_of,
        near,
        looked_for: true,
    }
}

const fn named(code: &'static str, words: &'static str, part_of: &'static [&'static str]) -> Entry {
    Entry {
        code,
        words,
        part_of,
        near: &[],
        looked_for: false,
    }
}

static ENTRIES: &[Entry] = &[
    found("BH", "behavioural health", &["SPI"], &[]),
    found("COGN", "cognitive disability", &["BH"], &[]),
    found("DVD", "developmental disability", &["BH"], &[]),
    found("EMOTDIS", "emotional disturbance", &["BH"], &[]),
    found("MH", "mental health", &["BH"], &["PSY"]),
    found("PSY", "psychiatry", &["BH"], &["MH"]),
    found("PSYTHPN", "psychotherapy notes", &["BH"], &["PSY", "MH"]),
    found("ETH", "substance use", &[], &["BH"]),
    found("SUD", "substance use disorder", &["BH", "ETH"], &[]),
    found("ETHUD", "alcohol use", &["SUD"], &[]),
    found("OPIOIDUD", "opioid and drug use", &["SUD"], &[]),
    named("42CFRPart2", "records under 42 CFR Part 2", &["ETH"]),
    found("HIV", "HIV and AIDS", &[], &["STD", "SPI"]),
    found("STD", "sexually transmitted disease", &[], &["SEX", "SPI"]),
    found("SEX", "sexuality and reproductive health", &[], &["SPI"]),
    found("PREGNANT", "pregnancy", &[], &["SEX"]),
    found(
        "SDV",
        "sexual assault, abuse or domestic violence",
        &[],
        &["VIO", "SPI"],
    ),
    found("VIO", "violence", &[], &[]),
    found("GDIS", "genetic disease", &[], &["SPI"]),
    found("SICKLE", "sickle cell", &["GDIS"], &[]),
    found("SPI", "specially protected information", &[], &[]),
    named("SCA", "sickle cell anaemia (retired code)", &["SICKLE"]),
    named("MST", "military sexual trauma", &["SDV"]),
    named("TBOO", "taboo", &[]),
    named("ADOL", "adolescent", &[]),
    named("CEL", "celebrity", &[]),
    named("VIP", "person of interest", &[]),
    named("EMP", "employee", &[]),
    named("DIA", "diagnosis not yet told", &[]),
    named("DRGIS", "drug information", &[]),
    named("PDS", "patient default", &[]),
    named("PHY", "physician requested", &[]),
    named("PRS", "patient requested", &[]),
    named("COMPT", "compartment", &[]),
    named("DEMO", "demographics", &[]),
    named("DOB", "date of birth", &[]),
    named("GENDER", "gender and sexual orientation", &[]),
    named("LIVARG", "living arrangement", &[]),
    named("MARST", "marital status", &[]),
    named("RACE", "race", &[]),
    named("REL", "religion", &[]),
    named("EMPL", "employer", &[]),
    named("LOCIS", "location", &[]),
    named("SSP", "sensitive service provider", &[]),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: &str) -> Sensitivities {
        Sensitivities::of(code).unwrap()
    }

    #[test]
    fn every_relation_names_a_code_and_all_fit_into_the_bits() {
        assert!(ENTRIES.len() <= 64);
        for entry in ENTRIES {
            for wider in entry.part_of.iter().chain(entry.near) {
                assert!(position(wider).is_some(), "{wider}");
            }
        }
    }

    #[test]
    fn a_permit_reaches_parts_and_a_denial_also_what_is_near() {
        let reaches = |wide: &str, narrow: &str| !of(wide).with_parts().both(of(narrow)).is_empty();
        assert!(reaches("ETH", "ETHUD") && reaches("ETH", "OPIOIDUD") && reaches("BH", "PSY"));
        assert!(!reaches("ETHUD", "ETH") && !reaches("PSY", "PSYTHPN"));
        let denied = |wide: &str, narrow: &str| !of(wide).with_near().both(of(narrow)).is_empty();
        assert!(denied("PSY", "PSYTHPN") && denied("MH", "PSY") && denied("BH", "ETH"));
        assert!(!denied("PSY", "HIV"));
    }

    #[test]
    fn what_the_step_does_not_look_for_may_be_there_unless_something_rules_it_out() {
        let part_2 = of("42CFRPart2");
        assert!(part_2.unseen(of("OPIOIDUD")) && !part_2.unseen(of("HIV")));
        assert!(of("TBOO").unseen(Sensitivities::NONE));
        assert!(!of("PSY").unseen(Sensitivities::NONE));
    }

    #[test]
    fn the_more_precise_label_stands_for_the_wider_one() {
        assert_eq!(of("ETH").with(of("ETHUD")).most_precise(), of("ETHUD"));
        assert_eq!(of("PSY").with(of("PSYTHPN")).most_precise(), of("PSYTHPN"));
        let both = of("PSY").with(of("HIV"));
        assert_eq!(both.most_precise(), both);
    }
}
