//! Days and the many ways to write them.

use crate::note::Lang;
use crate::random::Random;
use crate::template::{DateStyle, Region};

/// A day, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Day(pub(crate) i64);

/// Year, month from 1, day of the month from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: usize,
    pub(crate) day: i64,
}

impl Day {
    /// Hinnant's algorithm for the proleptic Gregorian calendar.
    pub(crate) fn civil(self) -> Civil {
        let z = self.0 + 719_468;
        let era = z.div_euclid(146_097);
        let of_era = z.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 {
            shifted + 3
        } else {
            shifted - 9
        };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Civil {
            year,
            month: usize::try_from(month).unwrap_or(1),
            day,
        }
    }

    pub(crate) fn weekday(self, lang: Lang) -> &'static str {
        let names = match lang {
            Lang::En => WEEKDAYS_EN,
            Lang::Es => WEEKDAYS_ES,
            Lang::De => WEEKDAYS_DE,
        };
        let index = usize::try_from((self.0 + 3).rem_euclid(7)).unwrap_or(0);
        names.get(index).copied().unwrap_or_default()
    }
}

/// How a document writes its dates: a shape of fields.
///
/// `Y` year, `y` two-digit year, `M`/`m` month with and without a leading zero, `D`/`d` day
/// likewise, `N` month's name, `n` its short name, `o` ordinal ending of the day, `s` short name
/// with a dot where it is cut, `U` short name in capitals, `F` of, `e` de, `l` del. Anything else
/// stands for itself.
pub(crate) type Shape = &'static str;

/// The style that a document draws.
pub(crate) fn own_shape(random: &mut Random, region: Region, lang: Lang) -> Shape {
    let shapes = match (region, lang) {
        (_, Lang::De) => SHAPES_DE,
        (_, Lang::Es) => SHAPES_ES,
        (Region::Uk, _) => SHAPES_UK,
        (Region::De | Region::Es, _) => SHAPES_UK,
        (Region::Us, _) => SHAPES_US,
    };
    random.weighted(shapes, "M/D/Y")
}

/// The shape of an explicit style.
pub(crate) fn shape_of(style: DateStyle, random: &mut Random, lang: Lang) -> Shape {
    match (style, lang) {
        (DateStyle::Us, _) => random.weighted(&[(7, "M/D/Y"), (2, "m/d/Y")], "M/D/Y"),
        (DateStyle::Us2, _) => random.weighted(&[(6, "m/d/y"), (3, "M/D/y")], "m/d/y"),
        (DateStyle::Iso, _) => "Y-M-D",
        (DateStyle::Long, Lang::En) => "N d, Y",
        (DateStyle::Long, Lang::De) => "d. N Y",
        (DateStyle::Long, Lang::Es) => "deNeY",
        (DateStyle::Dmy, Lang::Es) => random.word(&["deNeY", "d N Y"]),
        (DateStyle::Dmy, Lang::De) => "d. N Y",
        (DateStyle::Dmy, Lang::En) => "d N Y",
        (DateStyle::Dots, _) => random.weighted(&[(7, "D.M.Y"), (2, "d.m.Y")], "D.M.Y"),
        (DateStyle::Slash, _) => random.weighted(&[(7, "D/M/Y"), (2, "d/m/Y")], "D/M/Y"),
        (DateStyle::Short, Lang::De) => random.word(&["D.M.", "d.m."]),
        (DateStyle::Short, Lang::Es) => random.word(&["D/M", "d/m"]),
        (DateStyle::Short, Lang::En) => random.word(&["m/d", "m/d", "M/D"]),
        (DateStyle::MonthDay, Lang::En) => random.word(&["N do", "N d", "n d", "N do"]),
        (DateStyle::MonthDay, Lang::De) => "d. N",
        (DateStyle::MonthDay, Lang::Es) => "deN",
        (DateStyle::MonthYear, Lang::Es) => {
            random.weighted(&[(8, "NeY"), (1, "N Y"), (1, "M/Y")], "NeY")
        }
        (DateStyle::MonthYear, Lang::De) => {
            let shapes = [
                (6, "N Y"),
                (6, "M/Y"),
                (3, "m/Y"),
                (3, "M/y"),
                (1, "n Y"),
                (1, "m/y"),
            ];
            random.weighted(&shapes, "N Y")
        }
        (DateStyle::MonthYear, Lang::En) => {
            let shapes = [(12, "N Y"), (4, "n Y"), (2, "M/Y"), (1, "m/Y"), (1, "NFY")];
            random.weighted(&shapes, "N Y")
        }
        (DateStyle::Compact, _) => "YMD",
    }
}

/// Writes a day.
pub(crate) fn write(day: Day, shape: Shape, lang: Lang) -> String {
    let date = day.civil();
    let mut out = String::new();
    for field in shape.chars() {
        match field {
            'Y' => out.push_str(&date.year.to_string()),
            'y' => out.push_str(&format!("{:02}", date.year.rem_euclid(100))),
            'M' => out.push_str(&format!("{:02}", date.month)),
            'm' => out.push_str(&date.month.to_string()),
            'D' => out.push_str(&format!("{:02}", date.day)),
            'd' => out.push_str(&date.day.to_string()),
            'N' => out.push_str(month_name(date.month, lang)),
            'n' => out.push_str(&short_month(date.month, lang)),
            'U' => out.push_str(&short_month(date.month, lang).to_uppercase()),
            's' => {
                let short = short_month(date.month, lang);
                out.push_str(&short);
                if short.chars().count() < month_name(date.month, lang).chars().count() {
                    out.push('.');
                }
            }
            'o' => out.push_str(ordinal_ending(date.day)),
            'F' => out.push_str(" of "),
            'e' => out.push_str(" de "),
            'l' => out.push_str(" del "),
            other => out.push(other),
        }
    }
    out
}

pub(crate) fn month_name(month: usize, lang: Lang) -> &'static str {
    let names = match lang {
        Lang::En => MONTHS_EN,
        Lang::Es => MONTHS_ES,
        Lang::De => MONTHS_DE,
    };
    names
        .get(month.wrapping_sub(1))
        .copied()
        .unwrap_or_default()
}

fn short_month(month: usize, lang: Lang) -> String {
    let name = month_name(month, lang);
    if lang == Lang::En && month == 9 {
        return "Sept".to_string();
    }
    name.chars().take(3).collect()
}

fn ordinal_ending(day: i64) -> &'static str {
    match day {
        1 | 21 | 31 => "st",
        2 | 22 => "nd",
        3 | 23 => "rd",
        _ => "th",
    }
}

const SHAPES_US: &[(u32, Shape)] = &[
    (26, "M/D/Y"),
    (12, "m/d/Y"),
    (8, "M/D/y"),
    (8, "m/d/y"),
    (8, "Y-M-D"),
    (10, "N d, Y"),
    (3, "N do, Y"),
    (4, "n d, Y"),
    (3, "s d, Y"),
    (3, "D-n-Y"),
    (2, "d-U-Y"),
    (2, "Dn Y"),
    (3, "M-D-Y"),
    (2, "m-d-y"),
    (2, "D n Y"),
    (2, "d N Y"),
    (2, "Y/M/D"),
    (2, "m/d"),
    (1, "n d"),
    (1, "M.D.Y"),
    (1, "n d 'y"),
    (1, "N d Y"),
    (1, "doFN, Y"),
    (1, "DUY"),
    (1, "YMD"),
    (1, "Y.M.D"),
];

const SHAPES_UK: &[(u32, Shape)] = &[
    (30, "D/M/Y"),
    (8, "d/m/Y"),
    (8, "D/M/y"),
    (10, "d N Y"),
    (6, "do N Y"),
    (6, "D n Y"),
    (5, "D-n-Y"),
    (4, "D.M.Y"),
    (3, "D.M.y"),
    (3, "Y-M-D"),
    (3, "d n y"),
    (2, "D-M-Y"),
    (2, "doFN Y"),
    (1, "d/m"),
];

const SHAPES_DE: &[(u32, Shape)] = &[
    (45, "D.M.Y"),
    (14, "d.m.Y"),
    (10, "D.M.y"),
    (5, "d.m.y"),
    (10, "d. N Y"),
    (2, "d.N Y"),
    (2, "D. N Y"),
    (3, "D.M."),
    (3, "d.m."),
    (2, "Y-M-D"),
    (1, "D/M/Y"),
    (1, "d. n. Y"),
    (1, "D.M. Y"),
    (1, "D. M. Y"),
];

const SHAPES_ES: &[(u32, Shape)] = &[
    (45, "D/M/Y"),
    (10, "d/m/Y"),
    (8, "D/M/y"),
    (6, "D-M-Y"),
    (3, "d-m-y"),
    (12, "deNeY"),
    (3, "deNlY"),
    (3, "D.M.Y"),
    (3, "deN"),
    (2, "Y-M-D"),
    (1, "d/m"),
    (1, "D-n-Y"),
    (1, "d N Y"),
];

const MONTHS_EN: &[&str] = &[
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const MONTHS_ES: &[&str] = &[
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];
const MONTHS_DE: &[&str] = &[
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];
const WEEKDAYS_EN: &[&str] = &[
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];
const WEEKDAYS_ES: &[&str] = &[
    "lunes",
    "martes",
    "miércoles",
    "jueves",
    "viernes",
    "sábado",
    "domingo",
];
const WEEKDAYS_DE: &[&str] = &[
    "Montag",
    "Dienstag",
    "Mittwoch",
    "Donnerstag",
    "Freitag",
    "Samstag",
    "Sonntag",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_right() {
        let civil = Day(19_796).civil();
        assert_eq!((civil.year, civil.month, civil.day), (2024, 3, 14));
        assert_eq!(Day(19_796).weekday(Lang::En), "Thursday");
        let before = Day(-1).civil();
        assert_eq!((before.year, before.month, before.day), (1969, 12, 31));
    }

    #[test]
    fn shapes_write_what_they_say() {
        let day = Day(19_796);
        assert_eq!(write(day, "N do, Y", Lang::En), "March 14th, 2024");
        assert_eq!(write(day, "deNeY", Lang::Es), "14 de marzo de 2024");
        assert_eq!(write(day, "d. N Y", Lang::De), "14. März 2024");
        assert_eq!(write(day, "n d 'y", Lang::En), "Mar 14 '24");
        assert_eq!(write(day, "doFN, Y", Lang::En), "14th of March, 2024");
    }
}
