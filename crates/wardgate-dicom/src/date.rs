//! Dates as PS3.5 6.2 writes them, moved by a patient's number of days.

use dicom_core::VR;
use wardgate_deid::Day;

/// What dates become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dates {
    /// They stay.
    Kept,
    /// They move by a number of days.
    Moved(i64),
    /// They go.
    Gone,
}

impl Dates {
    /// What a value of DA, DT or TM becomes; nothing when it goes, or is not understood.
    ///
    /// Days move and times of day stay, so that the order of events and the time between them stay true.
    pub(crate) fn apply(self, vr: VR, written: &str) -> Option<String> {
        match self {
            Self::Kept => Some(written.to_owned()),
            Self::Gone => None,
            Self::Moved(_) if vr == VR::TM => time(written).then(|| written.to_owned()),
            Self::Moved(days) => moved(written, days),
        }
    }
}

/// The day that a value of DA or DT begins with, and the digits behind it.
pub(crate) fn day(written: &str) -> Option<(Day, &str)> {
    let dotted = written.as_bytes().get(4) == Some(&b'.');
    let (year, month, day, rest) = match dotted {
        // As ACR-NEMA wrote it.
        true => (
            written.get(..4)?,
            written.get(5..7)?,
            written.get(8..10)?,
            written.get(10..)?,
        ),
        false => (
            written.get(..4)?,
            written.get(4..6)?,
            written.get(6..8)?,
            written.get(8..)?,
        ),
    };
    let number = |digits: &str| {
        let all = digits.bytes().all(|byte| byte.is_ascii_digit());
        all.then(|| digits.parse::<u32>().ok()).flatten()
    };
    let year = i32::try_from(number(year)?).ok()?;
    Some((Day::new(year, number(month)?, number(day)?)?, rest))
}

fn moved(written: &str, days: i64) -> Option<String> {
    let (from, rest) = day(written)?;
    let to = from.moved(days)?;
    let rest = rest.trim_end();
    let rest = time(rest).then_some(rest)?;
    Some(format!(
        "{:04}{:02}{:02}{rest}",
        to.year(),
        to.month(),
        to.day()
    ))
}

/// Whether nothing but a time of day and an offset from UTC is written.
fn time(written: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'+' | b'-' | b':' | b' ');
    written.len() <= TIME_LEN_MAX && written.bytes().all(allowed)
}

/// `HHMMSS.FFFFFF&ZZXX` and a space, with the colons of ACR-NEMA.
const TIME_LEN_MAX: usize = 21;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_move_and_times_stay() {
        let moved = Dates::Moved(20);
        let apply = |vr, written| moved.apply(vr, written);
        assert_eq!(apply(VR::DA, "20240212").as_deref(), Some("20240303"));
        assert_eq!(apply(VR::DA, "2024.02.12").as_deref(), Some("20240303"));
        assert_eq!(
            apply(VR::DT, "20240212101112.5+0100").as_deref(),
            Some("20240303101112.5+0100")
        );
        assert_eq!(
            apply(VR::TM, "101112.123456").as_deref(),
            Some("101112.123456")
        );
        for not_understood in ["2024", "20241341", "Maria", "20240212Maria", "2024021", ""] {
            assert_eq!(apply(VR::DA, not_understood), None, "{not_understood}");
        }
        assert_eq!(apply(VR::TM, "Maria"), None);
        assert_eq!(Dates::Gone.apply(VR::DA, "20240212"), None);
    }
}
