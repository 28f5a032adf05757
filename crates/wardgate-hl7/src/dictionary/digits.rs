//! The digits by which known numbers and dates are noticed in a text.

use super::compact;

/// Four digits in a row of each known number and of each way to write a known birth date in digits.
///
/// Whatever a text writes of one of them, however it parts its digits, holds those four in a row.
pub(super) struct DigitRuns {
    bits: [u64; FOUR_DIGITS.div_ceil(64)],
    /// Whether a number or date is not written in plain digits, so that any digits may be those of it.
    any: bool,
}

impl DigitRuns {
    /// None yet.
    pub(super) fn new() -> Self {
        Self {
            bits: [0; FOUR_DIGITS.div_ceil(64)],
            any: false,
        }
    }

    /// Notes the first four digits of each run of a number.
    pub(super) fn add(&mut self, number: &str) {
        if !number.is_ascii() || number.contains(ODD) {
            self.any = true;
            return;
        }
        // Its digits may be written in one or without what stands before a sign.
        self.add_runs(compact(number).as_bytes());
        self.add_runs(number.as_bytes());
    }

    fn add_runs(&mut self, number: &[u8]) {
        for run in number.split(|b| !b.is_ascii_digit()) {
            let zeros = run.iter().take_while(|b| **b == b'0').count();
            // Zeros in front may be left out, but for those of a number that is too short without them.
            for zeros in [0, zeros] {
                if let Some(four) = run.get(zeros..).and_then(<[u8]>::first_chunk::<4>) {
                    self.note(four);
                }
            }
        }
    }

    /// Notes the last digits of a phone number, before which anything may be left out or put in.
    pub(super) fn add_phone(&mut self, phone: &str) {
        let digits: Vec<u8> = phone.bytes().filter(u8::is_ascii_digit).collect();
        if let Some(four) = digits.last_chunk::<4>() {
            self.note(four);
        }
    }

    /// Notes the ways to write a date, `YYYY-MM-DD`, in digits alone.
    pub(super) fn add_date(&mut self, date: &str) {
        let mut parts = date.split('-');
        let (Some(year), Some(month), Some(day)) = (parts.next(), parts.next(), parts.next())
        else {
            self.any = true;
            return;
        };
        let bare = |part| str::trim_start_matches(part, '0');
        // Without zeros in front too, where there are some.
        let ways = |part| {
            let bare = Some(bare(part)).filter(|bare: &&str| *bare != part);
            std::iter::once(part).chain(bare)
        };
        let years = [year, year.get(2..).unwrap_or_default()];
        for year in years.into_iter().flat_map(ways) {
            for month in ways(month) {
                for day in ways(day) {
                    for [one, two, three] in [
                        [year, month, day],
                        [year, day, month],
                        [day, month, year],
                        [month, day, year],
                    ] {
                        let digits = [one.as_bytes(), two.as_bytes(), three.as_bytes()];
                        let mut first = digits.into_iter().flatten().copied();
                        let four = [first.next(), first.next(), first.next(), first.next()];
                        if let [Some(a), Some(b), Some(c), Some(d)] = four {
                            self.note(&[a, b, c, d]);
                        }
                    }
                }
            }
        }
    }

    fn note(&mut self, four: &[u8; 4]) {
        let number = four
            .iter()
            .fold(0, |number, digit| next_digits(number, *digit));
        if let Some(bits) = self.bits.get_mut(number / 64) {
            *bits |= 1 << (number % 64);
        }
    }

    /// Whether four digits are those of a known number.
    pub(super) fn holds(&self, number: usize) -> bool {
        if self.any {
            return true;
        }
        let bits = self.bits.get(number / 64).copied().unwrap_or_default();
        bits & (1 << (number % 64)) != 0
    }
}

/// The last four digits of a run with one digit more.
pub(super) fn next_digits(number: usize, digit: u8) -> usize {
    (number * 10 + usize::from(digit.wrapping_sub(b'0') % 10)) % FOUR_DIGITS
}

/// With what digits can be written that are none.
pub(super) const ODD: [char; 3] = ['&', '%', '*'];
/// How many numbers four digits make.
const FOUR_DIGITS: usize = 10_000;
