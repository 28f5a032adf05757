//! Values as people read them.

use jiff::Timestamp;

/// A time to the minute, in UTC, as all of Wardgate states times.
pub(crate) fn time(at: &Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
