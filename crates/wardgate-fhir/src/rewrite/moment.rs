//! Dates: moved by the patient's shift, the time of day kept, partial ones by the profile.

use wardgate_deid::{Action, DateAs, Day, Kind, Operation, Part};

use super::{Place, Rewrite};
use crate::patients::{Dates, Patient, iso_day};

/// A date as FHIR writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment<'a> {
    Year(i32),
    Month(i32, u32),
    /// A day, and how it goes on: `T12:30:00Z` or nothing.
    Day(Day, &'a str),
}

impl Rewrite<'_, '_> {
    /// What stands for a date: nothing where it goes.
    pub(super) fn moment(
        &mut self,
        place: &Place,
        text: &str,
        birth: bool,
    ) -> Option<(String, Operation)> {
        let patient = self.patient(place);
        let moment = read(text)?;
        let birth =
            birth || matches!(moment, Moment::Day(day, _) if patient.birth_days.contains(&day));
        let (written, operation) = if birth {
            self.birth(&patient, moment)
        } else {
            self.moved(&patient, moment)
        }?;
        // An instant cannot be partial.
        let instant = text.len() > DATE_LEN && written.len() < DATE_LEN && place.kind != "Patient";
        match (instant, written.len()) {
            (true, 4) => Some((format!("{written}-01-01T00:00:00Z"), operation)),
            _ => Some((written, operation)),
        }
    }

    fn moved(&self, patient: &Patient, moment: Moment<'_>) -> Option<(String, Operation)> {
        let day = |day: Day| match patient.dates {
            Dates::Kept => DateAs::Kept,
            Dates::Moved(days) => day.moved(days).map_or(DateAs::Gone, DateAs::Moved),
            Dates::Years => DateAs::Year(day.year()),
            Dates::Gone => DateAs::Gone,
        };
        match moment {
            Moment::Day(own, rest) => written(own, rest, day(own)),
            Moment::Month(year, month) => {
                let middle = Day::new(year, month, MIDDLE)?;
                in_months(year, month, day(middle))
            }
            Moment::Year(year) => self.year(year),
        }
    }

    fn year(&self, year: i32) -> Option<(String, Operation)> {
        match self.means.rules.profile().action(Kind::Date, Part::Year) {
            Action::Keep => Some((format!("{year:04}"), Operation::Kept)),
            Action::Generalise { .. } => Some((
                format!("{:04}", year.div_euclid(10) * 10),
                Operation::Generalised,
            )),
            _ => None,
        }
    }

    fn birth(&self, patient: &Patient, moment: Moment<'_>) -> Option<(String, Operation)> {
        let scope = self.means.rules.scope(&patient.record);
        match moment {
            Moment::Day(day, rest) => written(day, rest, scope.birth_day(day)),
            Moment::Month(year, month) => {
                let middle = Day::new(year, month, MIDDLE)?;
                in_months(year, month, scope.birth_day(middle))
            }
            Moment::Year(year) => match scope.birth_year(year) {
                DateAs::Kept => Some((format!("{year:04}"), Operation::Kept)),
                DateAs::Year(other) => Some((format!("{other:04}"), Operation::Generalised)),
                _ => None,
            },
        }
    }
}

fn written(own: Day, rest: &str, becomes: DateAs) -> Option<(String, Operation)> {
    match becomes {
        DateAs::Kept => Some((own.iso() + rest, Operation::Kept)),
        DateAs::Moved(day) => Some((day.iso() + rest, Operation::Shifted)),
        DateAs::Year(year) => Some((format!("{year:04}"), Operation::Generalised)),
        DateAs::Gone => None,
    }
}

fn in_months(year: i32, month: u32, becomes: DateAs) -> Option<(String, Operation)> {
    match becomes {
        DateAs::Kept => Some((format!("{year:04}-{month:02}"), Operation::Kept)),
        DateAs::Moved(day) => Some((
            format!("{:04}-{:02}", day.year(), day.month()),
            Operation::Shifted,
        )),
        DateAs::Year(year) => Some((format!("{year:04}"), Operation::Generalised)),
        DateAs::Gone => None,
    }
}

/// Reads a date, or nothing where it is none: FHIR's `date`, `dateTime` and `instant`.
fn read(text: &str) -> Option<Moment<'_>> {
    if text.len() > MOMENT_LEN_MAX || !text.is_ascii() {
        return None;
    }
    let number = |from: usize, to: usize| {
        let part = text.get(from..to)?;
        part.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| part.parse::<u32>().ok())?
    };
    let year = i32::try_from(number(0, 4)?).ok()?;
    match text.len() {
        4 => Some(Moment::Year(year)),
        7 if text.as_bytes().get(4) == Some(&b'-') => Some(Moment::Month(year, number(5, 7)?)),
        _ => {
            let day = iso_day(text)?;
            let rest = text.get(DATE_LEN..)?;
            (rest.is_empty() || is_time(rest.strip_prefix('T')?)).then_some(Moment::Day(day, rest))
        }
    }
}

/// Whether a text is a time of day, with or without a zone.
pub(super) fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shaped = bytes.len() >= 5
        && bytes.get(2) == Some(&b':')
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_digit() || b":.+-Z".contains(byte));
    shaped && bytes.len() <= TIME_LEN_MAX && bytes.iter().filter(|byte| **byte == b'.').count() <= 1
}

const DATE_LEN: usize = 10;
const MIDDLE: u32 = 15;
/// `T`, nanoseconds and a zone behind the day.
const MOMENT_LEN_MAX: usize = 36;
const TIME_LEN_MAX: usize = 25;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_every_precision() {
        let day = Day::new(2022, 10, 10).unwrap();
        for (text, moment) in [
            ("2022", Some(Moment::Year(2022))),
            ("2022-10", Some(Moment::Month(2022, 10))),
            ("2022-10-10", Some(Moment::Day(day, ""))),
            (
                "2022-10-10T10:11:12.345+01:00",
                Some(Moment::Day(day, "T10:11:12.345+01:00")),
            ),
            ("2022-10-10T10:11", Some(Moment::Day(day, "T10:11"))),
            ("2022-13-10", None),
            ("2022-10-10 seen by", None),
            ("2022-10-10TMaria", None),
            ("20221010", None),
            ("", None),
        ] {
            assert_eq!(read(text), moment, "{text}");
        }
    }
}
