//! What a profile makes of the fields and texts of one patient's record.

use std::fmt;

use super::{RecordPatient, RecordRules};
use crate::calendar::Day;
use crate::deidentify::{Deidentifier, TextReading};
use crate::finding::{Finding, Kind, Part};
use crate::mint::Mint;
use crate::profile::Action;
use crate::refusal::{Cause, DeidRefusal};
use crate::report::Report;
use crate::shift::DateReading;
use crate::surrogate::{Avoided, NameHints, Pseudonyms, shift_days};
use crate::transform::Transform;

/// The transforms of one patient's record.
pub struct RecordScope<'r> {
    rules: &'r RecordRules,
    patient: &'r RecordPatient,
    transform: Transform<'r>,
    /// Names that no stand-in may have a word of.
    avoided: Vec<String>,
}

/// What becomes of one patient's dates; as secret as the shift that it holds.
#[derive(Clone, Copy)]
pub struct RecordDates {
    whole: Action,
    year: Action,
    /// Whether ages over 89 may be told.
    ages_told: bool,
    shift_days: i64,
    /// The latest year of a birth that tells of 90 years or more.
    oldest: i32,
}

/// What becomes of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateAs {
    /// It stands.
    Kept,
    /// Another day, at the same time of day.
    Moved(Day),
    /// Its year alone.
    Year(i32),
    /// It goes.
    Gone,
}

impl RecordRules {
    /// The transforms of a patient's record.
    #[must_use]
    pub fn scope<'r>(&'r self, patient: &'r RecordPatient) -> RecordScope<'r> {
        let avoided = patient.avoided.get_or_init(|| {
            let mut avoided = Avoided::default();
            for name in patient.known.full_names() {
                avoided.add(name, &NameHints::default());
            }
            avoided
        });
        let transform = Transform {
            profile: &self.profile,
            known: Some(&patient.known),
            mint: Mint::new(&patient.placeholders, Some(&patient.known), []),
            key: &patient.pseudonyms,
            pseudonyms: Pseudonyms::avoiding(&patient.pseudonyms, avoided.clone()),
            reading: DateReading {
                year: Some(self.as_of.year()),
                ..DateReading::default()
            },
        };
        RecordScope {
            rules: self,
            patient,
            transform,
            avoided: Vec::new(),
        }
    }
}

impl RecordScope<'_> {
    /// Notes a real name of somebody else in the record, which no stand-in may be.
    pub fn avoid(&mut self, name: &str, hints: &NameHints) {
        self.transform.pseudonyms.avoid(name, hints);
    }

    /// Notes a name that no stand-in may have a word of, and nothing else of it: other stand-ins are as they
    /// would be without it.
    pub fn avoid_words(&mut self, name: &str) {
        self.transform.pseudonyms.avoid_words(name);
        self.avoided.push(name.to_owned());
    }

    /// What stands for the value of a field that holds one identifier of a kind.
    ///
    /// Dates that are written as a standard writes them go through [`Self::day`] instead.
    pub fn field(&mut self, kind: Kind, part: Part, written: &str, hints: &NameHints) -> String {
        let finding = Finding {
            part,
            ..Finding::exact(0..written.len(), kind, 1.0, "field of a record")
        };
        if !self.rules.profile.takes(kind, part, written) {
            return written.to_owned();
        }
        self.transform.write(&finding, written, hints)
    }

    /// What the profile does with a kind of identifier.
    #[must_use]
    pub fn action(&self, kind: Kind, part: Part) -> Action {
        self.rules.profile.action(kind, part)
    }

    /// What becomes of the patient's dates, worked out once.
    #[must_use]
    pub fn dates(&self) -> RecordDates {
        let whole = self.action(Kind::Date, Part::Whole);
        let keep_weekday = matches!(whole, Action::Shift { keep_weekday: true });
        RecordDates {
            whole,
            year: self.action(Kind::Date, Part::Year),
            ages_told: self.action(Kind::Age, Part::Whole) == Action::Keep,
            shift_days: shift_days(&self.patient.pseudonyms, keep_weekday),
            oldest: self.rules.as_of.year() - YEARS_OLD,
        }
    }

    /// The days by which the patient's dates move, when they do.
    #[must_use]
    pub fn shift_days(&self) -> i64 {
        self.dates().shift_days
    }

    /// What becomes of a day.
    #[must_use]
    pub fn day(&self, day: Day) -> DateAs {
        self.dates().day(day)
    }

    /// What becomes of the day of a birth: nothing in it may tell of 90 years or more, where ages over 89 go.
    #[must_use]
    pub fn birth_day(&self, day: Day) -> DateAs {
        self.dates().birth_day(day)
    }

    /// What becomes of a year that stands alone.
    #[must_use]
    pub fn year(&self, year: i32) -> DateAs {
        self.dates().year(year)
    }

    /// What becomes of the year of a birth.
    #[must_use]
    pub fn birth_year(&self, year: i32) -> DateAs {
        self.dates().birth_year(year)
    }

    /// What becomes of a month with its year: it moves as its middle does.
    #[must_use]
    pub fn month(&self, year: i32, month: u32) -> DateAs {
        self.dates().month(year, month)
    }

    /// Free text, through the text engine with the record's own identifiers as dictionary.
    ///
    /// # Errors
    /// When the second look over the output finds what is surely an identifier.
    pub fn text(&self, text: &str) -> Result<(String, Report), DeidRefusal> {
        self.cleaned(text, None)
    }

    /// The same of a text that was read before, and that holds nothing of what the record itself tells.
    ///
    /// # Errors
    /// As [`Self::text`].
    pub fn text_read(
        &self,
        text: &str,
        reading: &TextReading,
    ) -> Result<(String, Report), DeidRefusal> {
        self.cleaned(text, Some(reading))
    }

    fn cleaned(
        &self,
        text: &str,
        reading: Option<&TextReading>,
    ) -> Result<(String, Report), DeidRefusal> {
        let patient = self.patient;
        let rules = self.rules;
        let call = Deidentifier::new(&rules.engine, &patient.placeholders, Some(&patient.known))
            .profile(&rules.profile)
            .pseudonyms(&patient.pseudonyms)
            .avoiding(&self.avoided)
            .on_file(patient.avoided.get())
            .read(reading);
        let done = call.text([0; 32], text);
        if done.residue().is_strong() {
            return Err(DeidRefusal::new(Cause::Residue, 0));
        }
        let report = done.report().clone();
        let (body, _) = done.into_parts();
        let text = String::from_utf8(body).map_err(|_| DeidRefusal::new(Cause::Part, 0))?;
        Ok((text, report))
    }
}

impl RecordDates {
    /// What becomes of a day.
    #[must_use]
    pub fn day(&self, day: Day) -> DateAs {
        match self.whole {
            Action::Keep => DateAs::Kept,
            Action::Shift { .. } | Action::Surrogate => day
                .moved(self.shift_days)
                .map_or(DateAs::Gone, DateAs::Moved),
            Action::Generalise { .. } => DateAs::Year(day.year()),
            _ => DateAs::Gone,
        }
    }

    /// What becomes of the day of a birth: nothing in it may tell of 90 years or more, where ages over 89 go.
    #[must_use]
    pub fn birth_day(&self, day: Day) -> DateAs {
        self.birth(day.year(), self.day(day))
    }

    /// What becomes of a year that stands alone.
    #[must_use]
    pub fn year(&self, year: i32) -> DateAs {
        match self.year {
            Action::Keep => DateAs::Kept,
            Action::Generalise { .. } => DateAs::Year(year.div_euclid(10) * 10),
            _ => DateAs::Gone,
        }
    }

    /// What becomes of the year of a birth.
    #[must_use]
    pub fn birth_year(&self, year: i32) -> DateAs {
        self.birth(year, self.year(year))
    }

    /// What becomes of a month with its year: it moves as its middle does.
    #[must_use]
    pub fn month(&self, year: i32, month: u32) -> DateAs {
        Day::new(year, month, MIDDLE_OF_MONTH).map_or(DateAs::Gone, |day| self.day(day))
    }

    fn birth(&self, year: i32, otherwise: DateAs) -> DateAs {
        match otherwise {
            DateAs::Kept | DateAs::Moved(_) | DateAs::Year(_)
                if !self.ages_told && year <= self.oldest =>
            {
                DateAs::Year(self.oldest)
            }
            otherwise => otherwise,
        }
    }
}

impl fmt::Debug for RecordDates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordDates")
    }
}

impl fmt::Debug for RecordScope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordScope").finish_non_exhaustive()
    }
}

const MIDDLE_OF_MONTH: u32 = 15;
const YEARS_OLD: i32 = 90;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Engine, PatientIdentifiers, PersonName, Profile, ProjectKey};

    fn rules(profile: Profile) -> RecordRules {
        let as_of = Day::new(2026, 11, 30).unwrap();
        RecordRules::new(
            Engine::exact_only(),
            profile,
            ProjectKey::new([7; 32]),
            as_of,
        )
    }

    fn maria() -> PatientIdentifiers {
        let mut on_file = PatientIdentifiers::default();
        on_file.names.push(PersonName {
            given: vec!["Maria".into()],
            family: "Schmidt".into(),
        });
        on_file
    }

    #[test]
    fn a_patient_has_one_name_number_and_shift_in_fields_and_texts() {
        let rules = rules(Profile::safe_harbor());
        let patient = rules.patient("0044127", &maria());
        let mut scope = rules.scope(&patient);
        let hints = NameHints::default();
        let name = scope.field(Kind::Name, Part::Whole, "Maria Schmidt", &hints);
        let (text, _) = scope.text("Maria Schmidt was seen on 2024-03-12.").unwrap();
        let DateAs::Moved(day) = scope.day(Day::new(2024, 3, 12).unwrap()) else {
            panic!("the date does not move");
        };
        assert_eq!(text, format!("{name} was seen on {}.", day.iso()));
        let same = rules.patient("44127", &maria());
        assert_eq!(rules.scope(&same).shift_days(), scope.shift_days());
    }

    #[test]
    fn no_birth_date_tells_of_ninety_years() {
        let rules = rules(Profile::safe_harbor());
        let patient = rules.patient("1", &maria());
        let scope = rules.scope(&patient);
        let old = Day::new(1930, 5, 1).unwrap();
        assert_eq!(scope.birth_day(old), DateAs::Year(1936));
        assert_eq!(scope.birth_year(1936), DateAs::Year(1936));
        assert_eq!(scope.birth_year(1937), DateAs::Kept);
        assert!(matches!(scope.day(old), DateAs::Moved(_)));
    }

    #[test]
    fn a_limited_data_set_keeps_dates() {
        let rules = rules(Profile::limited_data_set());
        let patient = rules.patient("1", &maria());
        let scope = rules.scope(&patient);
        assert_eq!(scope.day(Day::new(1930, 5, 1).unwrap()), DateAs::Kept);
        assert_eq!(scope.birth_year(1930), DateAs::Kept);
    }
}
