//! Dates in the forms that notes use.

use crate::calendar::Day;

/// The day that a date names, when it names a whole one.
pub(crate) fn whole_day(text: &str) -> Option<Day> {
    let mut parts = text.splitn(3, '-').map(|part| part.parse::<u32>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    Day::new(i32::try_from(year).ok()?, month, day)
}
