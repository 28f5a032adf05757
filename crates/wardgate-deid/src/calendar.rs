//! Days of the Gregorian calendar, as far as dates in notes need them.

/// A day, checked to exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Day {
    year: i32,
    month: u32,
    day: u32,
}

impl Day {
    /// The day, if the calendar has it and it is one that a note may speak of.
    #[must_use]
    pub fn new(year: i32, month: u32, day: u32) -> Option<Self> {
        let known_year = (YEAR_MIN..=YEAR_MAX).contains(&year);
        let exists = day >= 1 && day <= days_of_month(year, month);
        (known_year && exists).then_some(Self { year, month, day })
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub fn number(self) -> i64 {
        // Years begin in March, so that the leap day is the last of its year.
        let year = i64::from(self.year) - i64::from(self.month <= 2);
        let month = (i64::from(self.month) + 9) % 12;
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * month + 2) / 5 + i64::from(self.day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }

    /// Year, month and day of a day number, whether or not a note may speak of it.
    pub(crate) fn after(number: i64) -> (i32, u32, u32) {
        let days = number + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 {
            shifted + 3
        } else {
            shifted - 9
        };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let small = |value: i64| u32::try_from(value).unwrap_or_default();
        (
            i32::try_from(year).unwrap_or_default(),
            small(month),
            small(day),
        )
    }

    /// The day some days later, or earlier; nothing outside of the years that a note may speak of.
    #[must_use]
    pub fn moved(self, days: i64) -> Option<Self> {
        let (year, month, day) = Self::after(self.number().checked_add(days)?);
        Self::new(year, month, day)
    }

    /// The year.
    #[must_use]
    pub fn year(self) -> i32 {
        self.year
    }

    /// The month, from 1.
    #[must_use]
    pub fn month(self) -> u32 {
        self.month
    }

    /// The day of the month, from 1.
    #[must_use]
    pub fn day(self) -> u32 {
        self.day
    }

    /// The day as `2024-03-12`.
    #[must_use]
    pub fn iso(self) -> String {
        let (month, day) = (self.month, self.day);
        let year = match u32::try_from(self.year) {
            Ok(year) if year < 10_000 => year,
            _ => return format!("{:04}-{month:02}-{day:02}", self.year),
        };
        let digit = |number: u32| char::from_digit(number % 10, 10).unwrap_or('0');
        // A time of day often follows.
        let mut iso = String::with_capacity(ISO_AND_TIME_BYTES);
        iso.extend([year / 1000, year / 100, year / 10, year].map(digit));
        iso.extend(['-', digit(month / 10), digit(month)]);
        iso.extend(['-', digit(day / 10), digit(day)]);
        iso
    }
}

fn days_of_month(year: i32, month: u32) -> u32 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 0,
    }
}

/// Earliest year that a date in a note is taken for.
pub(crate) const YEAR_MIN: i32 = 1850;
/// Latest year that a date in a note is taken for.
pub(crate) const YEAR_MAX: i32 = 2150;
const ISO_AND_TIME_BYTES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_over_leap_years() {
        let number = |y, m, d| Day::new(y, m, d).unwrap().number();
        assert_eq!(number(1970, 1, 1), 0);
        assert_eq!(number(2000, 3, 1) - number(2000, 2, 28), 2);
        assert_eq!(number(2100, 3, 1) - number(2100, 2, 28), 1);
        assert_eq!(number(2024, 3, 12) - number(1970, 1, 1), 19_794);
        assert_eq!(number(1969, 12, 31), -1);
    }

    #[test]
    fn numbers_become_their_days_again() {
        for number in (-43_000..66_000).step_by(13) {
            let (year, month, day) = Day::after(number);
            assert_eq!(Day::new(year, month, day).unwrap().number(), number);
        }
    }

    #[test]
    fn days_that_do_not_exist_are_refused() {
        for (year, month, day) in [
            (2023, 2, 29),
            (2024, 13, 1),
            (2024, 4, 31),
            (2024, 1, 0),
            (9999, 1, 1),
        ] {
            assert_eq!(Day::new(year, month, day), None);
        }
    }
}
