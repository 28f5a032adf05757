//! What takes the place of an identifier, as the profile of the call says.

use crate::finding::{Finding, Kind, Part};
use crate::known::KnownIdentifiers;
use crate::language::Language;
use crate::mint::Mint;
use crate::place;
use crate::profile::{Action, Profile, generalised_zip};
use crate::shift::{self, DateReading};
use crate::surrogate::{NameHints, PseudonymKey, Pseudonyms, shift_days};
use crate::value::Value;

/// The transforms of one call.
pub(crate) struct Transform<'a> {
    pub(crate) profile: &'a Profile,
    pub(crate) known: Option<&'a KnownIdentifiers>,
    pub(crate) mint: Mint<'a>,
    pub(crate) key: &'a PseudonymKey,
    pub(crate) pseudonyms: Pseudonyms<'a>,
    pub(crate) reading: DateReading,
}

impl Transform<'_> {
    /// What is written in the place of a finding.
    pub(crate) fn write(&mut self, finding: &Finding, surface: &str, hints: &NameHints) -> String {
        let taken_apart = finding.kind == Kind::Location
            && finding.part == Part::Whole
            && self.profile.parts_addresses();
        if taken_apart {
            return self.address(finding, surface, hints);
        }
        let action = self.profile.action(finding.kind, finding.part);
        self.act(action, finding, surface, hints)
    }

    fn act(
        &mut self,
        action: Action,
        finding: &Finding,
        surface: &str,
        hints: &NameHints,
    ) -> String {
        match action {
            Action::Keep => surface.to_owned(),
            Action::Placeholder => self.mint.placeholder(finding, surface).to_owned(),
            Action::Surrogate => self.surrogate(finding, surface, hints),
            Action::Shift { keep_weekday } => {
                let days = shift_days(self.key, keep_weekday);
                shift::moved(surface, days, &self.reading).unwrap_or_else(|| redacted(finding.kind))
            }
            Action::Generalise { band } => self.generalised(band, finding, surface, hints.language),
            Action::Mask { with } => masked(surface, with),
            Action::Hash { len } => {
                let value = Value::of(finding, surface, self.known);
                let label = finding.kind.label();
                let hash = self.key.hash(label, &value.key, usize::from(len));
                format!("[{label}:{hash}]")
            }
            Action::Redact => redacted(finding.kind),
        }
    }

    /// An address whose parts are treated differently.
    fn address(&mut self, finding: &Finding, surface: &str, hints: &NameHints) -> String {
        let pieces: Vec<place::Piece> = place::pieces(surface).collect();
        let action = |part| self.profile.action(Kind::Location, part);
        let coarse = |part| matches!(action(part), Action::Generalise { .. }) && part != Part::Zip;
        let state = pieces.iter().any(|piece| piece.part == Part::State);
        let mut out = String::with_capacity(surface.len() + 16);
        let mut copied = 0;
        for piece in &pieces {
            let action = action(piece.part);
            let written = surface.get(piece.at.clone()).unwrap_or_default();
            // What is made coarser to its state is not written where the state stands.
            if !(state && coarse(piece.part)) {
                out.push_str(surface.get(copied..piece.at.start).unwrap_or_default());
                let part = Finding {
                    part: piece.part,
                    ..*finding
                };
                out.push_str(&self.act(action, &part, written, hints));
            }
            copied = piece.at.end;
        }
        out.push_str(surface.get(copied..).unwrap_or_default());
        let start = out.trim_start_matches([',', ';', ' ', '\n', '\r']).len();
        out.split_off(out.len() - start)
    }

    fn surrogate(&mut self, finding: &Finding, surface: &str, hints: &NameHints) -> String {
        match (finding.kind, finding.part) {
            (Kind::Name, _) => self.pseudonyms.name(surface, hints),
            (Kind::Location, part) => self.pseudonyms.place(surface, part, hints.language),
            (Kind::Facility, _) => self.pseudonyms.facility(surface, hints.language),
            (Kind::Date, _) => {
                let moved = self.pseudonyms.date(surface, &self.reading);
                moved.unwrap_or_else(|| redacted(Kind::Date))
            }
            (Kind::Age, Part::Under90) => replaced_number(surface, |age| {
                let steps = self.key.number("age", &age.to_string());
                let near = if steps & 1 == 0 {
                    age + 1 + u32::from(steps & 2 == 2)
                } else {
                    age.saturating_sub(1)
                };
                near.clamp(1, OLDEST_TOLD).to_string()
            }),
            (Kind::Age, _) => replaced_number(surface, |_| OLD.to_owned()),
            (kind, _) => self.pseudonyms.identifier(kind, surface),
        }
    }

    fn generalised(
        &self,
        band: u8,
        finding: &Finding,
        surface: &str,
        language: Language,
    ) -> String {
        match (finding.kind, finding.part) {
            (Kind::Date, Part::Year) => match shift::years_of(surface, &self.reading) {
                Some((year, _)) => {
                    let decade = year.div_euclid(10) * 10;
                    format!("{decade}-{}", decade + 9)
                }
                None => redacted(Kind::Date),
            },
            (Kind::Date, _) => self.year(surface),
            (Kind::Age, Part::Under90) => replaced_number(surface, |age| {
                let band = u32::from(band.max(1));
                let from = age / band * band;
                format!("{from}-{}", (from + band - 1).min(OLDEST_TOLD))
            }),
            (Kind::Age, _) => replaced_number(surface, |_| OLD.to_owned()),
            (Kind::Location, Part::Zip) => generalised_zip(surface, language == Language::English),
            (Kind::Location, Part::State) => surface.to_owned(),
            (kind, _) => redacted(kind),
        }
    }

    /// The year of a date, or the first and last of several; not where it tells of an age of 90 or more.
    fn year(&self, surface: &str) -> String {
        let told = |year: i32| self.reading.year.is_none_or(|now| now - year < YEARS_OLD);
        match shift::years_of(surface, &self.reading) {
            Some((first, last)) if told(first) && first == last => first.to_string(),
            Some((first, last)) if told(first) => format!("{first}-{last}"),
            _ => redacted(Kind::Date),
        }
    }
}

fn redacted(kind: Kind) -> String {
    format!("[{}]", kind.label())
}

/// Each letter and digit as one character.
fn masked(surface: &str, with: char) -> String {
    surface
        .chars()
        .map(|c| if c.is_alphanumeric() { with } else { c })
        .collect()
}

/// The text with its one number replaced; an age in words is not told at all.
fn replaced_number(surface: &str, new: impl FnOnce(u32) -> String) -> String {
    let start = surface.find(|c: char| c.is_ascii_digit());
    let Some((before, rest)) = start.and_then(|start| surface.split_at_checked(start)) else {
        return redacted(Kind::Age);
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (number, behind) = rest.split_at_checked(digits).unwrap_or((rest, ""));
    match number.parse() {
        Ok(number) if !behind.bytes().any(|b| b.is_ascii_digit()) => {
            format!("{before}{}{behind}", new(number))
        }
        _ => redacted(Kind::Age),
    }
}

const OLD: &str = "90+";
const OLDEST_TOLD: u32 = 89;
const YEARS_OLD: i32 = 90;
