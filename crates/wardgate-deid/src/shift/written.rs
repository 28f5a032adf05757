//! A date as it is written: which number or word says the day, the month and the year.

use std::ops::Range;

use super::DateReading;
use super::names::{MonthName, weekday_after};

/// A run of digits or of letters.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) at: Range<usize>,
    /// The value of a number of at most four digits.
    pub(super) number: Option<u32>,
    pub(super) digits: usize,
    pub(super) month: Option<MonthName>,
}

/// One date, or what a text says of it, by the indices of its pieces.
#[derive(Clone, Debug, Default)]
pub(super) struct Written {
    pub(super) day: Option<usize>,
    pub(super) month: Option<usize>,
    pub(super) year: Option<usize>,
    /// Digits of a date without separators: where the year, the month and the day begin.
    pub(super) compact: Option<(usize, Compact)>,
    /// The suffix of the day: `th`.
    pub(super) ordinal: Option<usize>,
}

/// Where the parts of `20240312` or `120324` stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Compact {
    pub(super) year: (usize, usize),
    pub(super) month: usize,
    pub(super) day: usize,
}

/// The pieces of a text.
pub(super) fn pieces(text: &str, reading: &DateReading) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let kind = |c: char| {
        (
            c.is_ascii_digit(),
            c.is_alphabetic() && !matches!(c, 'º' | 'ª'),
        )
    };
    for (at, character) in text.char_indices() {
        let (digit, letter) = kind(character);
        if !digit && !letter {
            continue;
        }
        let end = at + character.len_utf8();
        let continued = pieces
            .last_mut()
            .filter(|piece| piece.at.end == at && (piece.digits > 0) == digit);
        match continued {
            Some(piece) => {
                piece.at.end = end;
                piece.digits += usize::from(digit);
            }
            None => pieces.push(Piece {
                at: at..end,
                number: None,
                digits: usize::from(digit),
                month: None,
            }),
        }
    }
    let joins = |byte: Option<u8>| matches!(byte, Some(b'-' | b'/'));
    for piece in &mut pieces {
        let written = text.get(piece.at.clone()).unwrap_or_default();
        if piece.digits > 0 {
            piece.number = written.parse().ok().filter(|_| piece.digits <= 4);
        } else {
            let before = piece
                .at
                .start
                .checked_sub(1)
                .and_then(|at| text.as_bytes().get(at));
            let joined =
                joins(before.copied()) || joins(text.as_bytes().get(piece.at.end).copied());
            piece.month = MonthName::read(written, reading.language, joined);
        }
    }
    pieces
}

/// Reads all dates of a text; nothing when a part of it is no date.
pub(super) fn read(text: &str, pieces: &[Piece], reading: &DateReading) -> Option<Vec<Written>> {
    let mut dates = Vec::new();
    let mut weekday = false;
    let mut at = 0;
    while let Some(piece) = pieces.get(at) {
        let reader = Reader {
            text,
            pieces,
            reading,
        };
        if piece.digits == 0 && piece.month.is_none() {
            let word = text.get(piece.at.clone()).unwrap_or_default();
            let day = weekday_after(word, 0).is_some();
            if !day && !FILLERS.contains(&word.to_lowercase().as_str()) {
                return None;
            }
            weekday |= day;
            at += 1;
            continue;
        }
        if reader.is_clock(at) && !dates.is_empty() {
            // What follows a time of day is read no further; it moves nothing.
            return reader.only_clock(at).then_some(dates);
        }
        let (date, next) = reader.date(at)?;
        dates.push(date);
        at = next;
    }
    (weekday || !dates.is_empty()).then_some(dates)
}

struct Reader<'t> {
    text: &'t str,
    pieces: &'t [Piece],
    reading: &'t DateReading,
}

impl Reader<'_> {
    fn gap(&self, at: usize) -> &str {
        let from = at.checked_sub(1).and_then(|before| self.pieces.get(before));
        let from = from.map_or(0, |piece| piece.at.end);
        let to = self
            .pieces
            .get(at)
            .map_or(self.text.len(), |piece| piece.at.start);
        self.text.get(from..to).unwrap_or_default()
    }

    fn word(&self, at: usize) -> String {
        let piece = self.pieces.get(at).filter(|piece| piece.digits == 0);
        let word = piece.and_then(|piece| self.text.get(piece.at.clone()));
        word.unwrap_or_default().to_lowercase()
    }

    fn number(&self, at: usize, digits: std::ops::RangeInclusive<usize>) -> Option<u32> {
        let piece = self.pieces.get(at)?;
        piece.number.filter(|_| digits.contains(&piece.digits))
    }

    fn is_month_name(&self, at: usize) -> bool {
        self.pieces
            .get(at)
            .is_some_and(|piece| piece.month.is_some())
    }

    /// `10:42`, also as the `T10` of `2024-03-12T10:42:00`.
    fn is_clock(&self, at: usize) -> bool {
        self.pieces.get(at).is_some_and(|piece| piece.digits > 0)
            && (self.gap(at + 1).starts_with(':')
                || matches!(self.word(at + 1).as_str(), "h" | "uhr" | "am" | "pm"))
    }

    fn only_clock(&self, from: usize) -> bool {
        let words = [
            "t", "z", "h", "uhr", "am", "pm", "a", "p", "m", "hrs", "cet", "cest", "utc", "gmt",
        ];
        (from..self.pieces.len())
            .all(|at| self.number(at, 1..=9).is_some() || words.contains(&self.word(at).as_str()))
            && self
                .pieces
                .iter()
                .skip(from)
                .all(|piece| piece.digits <= CLOCK_DIGITS_MAX)
    }

    /// The date that begins at a piece, and the piece behind it.
    fn date(&self, at: usize) -> Option<(Written, usize)> {
        if self.is_month_name(at) {
            return Some(self.month_first(at));
        }
        self.compact(at)
            .or_else(|| self.day_first(at))
            .or_else(|| self.numbers(at))
            .or_else(|| self.pair(at))
            .or_else(|| self.alone(at))
    }

    /// `March 12th, 2024`, `March 2024`, `March`.
    fn month_first(&self, at: usize) -> (Written, usize) {
        let mut date = Written {
            month: Some(at),
            ..Written::default()
        };
        let mut next = at + 1;
        // `Dec-02`
        let joined = self.gap(next) == "-" && self.number(next, 2..=2).is_some();
        if joined && self.number(next + 1, 1..=4).is_none() {
            date.year = Some(next);
            return (date, next + 1);
        }
        if self.number(next, 1..=2).is_some_and(is_day)
            && !self.gap(next).contains('\'')
            && !self.is_clock(next)
        {
            date.day = Some(next);
            next += 1;
            if is_ordinal(&self.word(next)) && self.gap(next).is_empty() {
                date.ordinal = Some(next);
                next += 1;
            }
        }
        self.year_into(&mut date, next)
    }

    /// `12 March 2024`, `12th of March`, `12-Mar-24`, `12. März`.
    fn day_first(&self, at: usize) -> Option<(Written, usize)> {
        self.number(at, 1..=2).filter(|day| is_day(*day))?;
        let mut date = Written {
            day: Some(at),
            ..Written::default()
        };
        let mut next = at + 1;
        if is_ordinal(&self.word(next)) && self.gap(next).is_empty() {
            date.ordinal = Some(next);
            next += 1;
        }
        while matches!(self.word(next).as_str(), "of" | "de" | "del" | "the") {
            next += 1;
        }
        if !self.is_month_name(next) {
            return None;
        }
        date.month = Some(next);
        Some(self.year_into(&mut date, next + 1))
    }

    /// Takes in the year that may stand at a piece.
    fn year_into(&self, date: &mut Written, at: usize) -> (Written, usize) {
        let mut year = at;
        while matches!(
            self.word(year).as_str(),
            "of" | "de" | "del" | "año" | "year"
        ) {
            year += 1;
        }
        let gap = self.gap(year);
        let short =
            date.day.is_some() && gap.contains(['-', '/', '\'', '.', ' ']) || gap.contains('\'');
        let range = matches!(gap.trim(), "-" | "–")
            && date.ordinal.is_none()
            && date.month.is_some_and(|m| Some(m + 1) == date.day);
        let short = short && !range && !self.is_clock(year);
        let found =
            self.number(year, 4..=4).is_some() || short && self.number(year, 2..=2).is_some();
        if !found {
            return (date.clone(), at);
        }
        date.year = Some(year);
        (date.clone(), year + 1)
    }

    /// `2024-03-12`, `3/12/24`, `12.03.2024`.
    fn numbers(&self, at: usize) -> Option<(Written, usize)> {
        let (first, second) = (self.gap(at + 1).trim(), self.gap(at + 2).trim());
        if !is_separator(first) || first != second || self.is_clock(at + 2) && first != "-" {
            return None;
        }
        let date = |day, month, year| Written {
            day: Some(day),
            month: Some(month),
            year: Some(year),
            ..Written::default()
        };
        let (a, b) = (self.number(at, 1..=4)?, self.number(at + 1, 1..=2)?);
        let digits = |at: usize| self.pieces.get(at).map_or(0, |piece| piece.digits);
        if digits(at) == 4 {
            self.number(at + 2, 1..=2)
                .filter(|day| is_day(*day) && is_month(b))?;
            return Some((date(at + 2, at + 1, at), at + 3));
        }
        if digits(at) > 2 || !matches!(digits(at + 2), 2 | 4) {
            return None;
        }
        let (day_first, month_first) = (is_day(a) && is_month(b), is_month(a) && is_day(b));
        let dotted = first == ".";
        let (day, month) = match (day_first, month_first) {
            (true, true) if dotted || self.reading.day_first => (at, at + 1),
            (true, false) => (at, at + 1),
            (_, true) => (at + 1, at),
            _ => return None,
        };
        Some((date(day, month, at + 2), at + 3))
    }

    /// `03/2024`, `2024-03`, `3/14`, `14.3.`; the two days of `12.-15.03.2024` are read one by one.
    fn pair(&self, at: usize) -> Option<(Written, usize)> {
        let gap = self.gap(at + 1).trim();
        if !is_separator(gap) {
            return None;
        }
        let (a, b) = (self.number(at, 1..=4)?, self.number(at + 1, 1..=4)?);
        let digits = |at: usize| self.pieces.get(at).map_or(0, |piece| piece.digits);
        let mut date = Written::default();
        match (digits(at), digits(at + 1)) {
            (1 | 2, 4) if is_month(a) => (date.month, date.year) = (Some(at), Some(at + 1)),
            (4, 1 | 2) if is_month(b) => (date.year, date.month) = (Some(at), Some(at + 1)),
            (1 | 2, 1 | 2) => {
                let (day_first, month_first) = (is_day(a) && is_month(b), is_month(a) && is_day(b));
                let prefers_day = gap == "." || self.reading.day_first;
                match (day_first, month_first) {
                    _ if gap == "-" => return None,
                    (true, true) if prefers_day => {
                        (date.day, date.month) = (Some(at), Some(at + 1))
                    }
                    (true, false) => (date.day, date.month) = (Some(at), Some(at + 1)),
                    (_, true) => (date.month, date.day) = (Some(at), Some(at + 1)),
                    _ if is_month(a) => (date.month, date.year) = (Some(at), Some(at + 1)),
                    _ => return None,
                }
            }
            _ => return None,
        }
        Some((date, at + 2))
    }

    /// A year, or a day whose month stands in the date beside it.
    fn alone(&self, at: usize) -> Option<(Written, usize)> {
        if self.number(at, 4..=4).is_some() {
            return Some((
                Written {
                    year: Some(at),
                    ..Written::default()
                },
                at + 1,
            ));
        }
        self.number(at, 1..=2).filter(|day| is_day(*day))?;
        let mut date = Written {
            day: Some(at),
            ..Written::default()
        };
        let mut next = at + 1;
        if is_ordinal(&self.word(next)) && self.gap(next).is_empty() {
            date.ordinal = Some(next);
            next += 1;
        }
        Some((date, next))
    }

    /// `20240312`, `20240312101500`, `12031957`, `120357`.
    fn compact(&self, at: usize) -> Option<(Written, usize)> {
        let piece = self.pieces.get(at)?;
        let digits = self.text.get(piece.at.clone())?;
        let value = |from: usize, len: usize| digits.get(from..from + len)?.parse::<u32>().ok();
        let day_first = Compact {
            year: (4, digits.len().saturating_sub(4)),
            month: 2,
            day: 0,
        };
        let month_first = Compact {
            month: 0,
            day: 2,
            ..day_first
        };
        let year_first = |len| Compact {
            year: (0, len),
            month: len,
            day: len + 2,
        };
        let orders = match (digits.len(), self.reading.day_first) {
            (8, true) => vec![year_first(4), day_first, month_first],
            (8, false) => vec![year_first(4), month_first, day_first],
            (12 | 14, _) => vec![year_first(4)],
            (6, true) => vec![day_first, year_first(2), month_first],
            (6, false) => vec![month_first, year_first(2), day_first],
            _ => return None,
        };
        let compact = orders.into_iter().find(|order| {
            let day = value(order.day, 2).is_some_and(is_day);
            let month = value(order.month, 2).is_some_and(is_month);
            let year = value(order.year.0, order.year.1)
                .is_some_and(|y| order.year.1 == 2 || (1850..2150).contains(&y));
            day && month && year
        })?;
        Some((
            Written {
                compact: Some((at, compact)),
                ..Written::default()
            },
            at + 1,
        ))
    }
}

fn is_day(value: u32) -> bool {
    (1..=31).contains(&value)
}

fn is_month(value: u32) -> bool {
    (1..=12).contains(&value)
}

fn is_separator(gap: &str) -> bool {
    matches!(
        gap,
        "/" | "-" | "." | "\u{2010}" | "\u{2011}" | "\u{2012}" | "\u{2013}"
    )
}

/// English suffixes; `o` and `a` stand for `º` and `ª`.
fn is_ordinal(word: &str) -> bool {
    matches!(word, "st" | "nd" | "rd" | "th")
}

/// Words that join dates or stand before them.
const FILLERS: [&str; 40] = [
    "año", "mes", "year", "month", "jahr", "jahre", "jahres", "monat", "of", "the", "to", "and",
    "through", "thru", "until", "till", "from", "on", "at", "between", "de", "del", "el", "al",
    "a", "y", "hasta", "desde", "entre", "der", "den", "dem", "am", "vom", "von", "bis", "zum",
    "und", "um", "t",
];
/// Digits of a part of a time of day, fractions of seconds included.
const CLOCK_DIGITS_MAX: usize = 9;
