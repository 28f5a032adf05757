//! Identifiers of records and calls: UUIDv7, made from a given time and given randomness.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use uuid::Uuid;

/// The id of a call, an event, an API key or a stored payload. Sorts by time of making.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(Uuid);

impl RecordId {
    /// Makes an id from the time and ten bytes of randomness (six bits of them give way to
    /// the version and variant marks).
    #[must_use]
    pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
        let since_epoch_ms = u64::try_from(now.as_millisecond()).unwrap_or(0);
        Self(uuid::Builder::from_unix_timestamp_millis(since_epoch_ms, &random).into_uuid())
    }

    /// The id from its 16 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The 16 bytes of the id.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// When the id was made, to the millisecond, as its first 48 bits say.
    #[must_use]
    pub fn made_at(&self) -> Timestamp {
        let [a, b, c, d, e, f, ..] = *self.as_bytes();
        let since_epoch_ms = i64::from_be_bytes([0, 0, a, b, c, d, e, f]);
        // 48 bits of milliseconds reach further than the calendar of the time library.
        Timestamp::from_millisecond(since_epoch_ms).unwrap_or(Timestamp::MAX)
    }

    /// Writes the hyphenated form into `buffer` and returns it, without allocating.
    pub(crate) fn encode<'b>(&self, buffer: &'b mut [u8; 36]) -> &'b str {
        self.0.hyphenated().encode_lower(buffer)
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for RecordId {
    type Err = NotARecordId;

    fn from_str(text: &str) -> Result<Self, NotARecordId> {
        // Only the hyphenated form: one id has one spelling in the ledger and in headers.
        if text.len() != 36 {
            return Err(NotARecordId);
        }
        Uuid::try_parse(text).map(Self).map_err(|_| NotARecordId)
    }
}

/// The text is not the hyphenated form of a record id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a record id: expected 36 characters such as `0192e4b6-3f00-7a5c-9d43-0b8f6c1e2a77`")]
pub struct NotARecordId;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_and_survive_their_text_form() {
        let early = RecordId::new("2026-11-23T10:00:00Z".parse().unwrap(), [0xff; 10]);
        let late = RecordId::new("2026-11-23T10:00:00.001Z".parse().unwrap(), [0; 10]);
        assert!(early < late);
        assert_eq!(late.made_at(), "2026-11-23T10:00:00.001Z".parse().unwrap());
        assert_eq!(early.to_string().parse::<RecordId>().unwrap(), early);
        assert_eq!(early.to_string().as_bytes()[14], b'7');
        assert_eq!(RecordId::from_bytes(*late.as_bytes()), late);
        assert!(
            "0192e4b63f007a5c9d430b8f6c1e2a77"
                .parse::<RecordId>()
                .is_err()
        );
        assert!("".parse::<RecordId>().is_err());
    }
}
