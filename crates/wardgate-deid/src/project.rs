//! The key of a project, from which every stand-in of every format is derived.
//!
//! Nothing is stored: what a patient, an identifier or a UID becomes follows from the
//! key and the value alone, so it is the same in each format, run and machine, and
//! there is no table that could be stolen.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac;
use zeroize::{Zeroize, Zeroizing};

use crate::placeholder::{PlaceholderKey, tagged};
use crate::surrogate::PseudonymKey;

/// 32 secret bytes of one project.
///
/// ```
/// use wardgate_deid::ProjectKey;
///
/// let project = ProjectKey::new([7; 32]);
/// let uid = project.uid("1.2.840.113619.2.55.3");
/// assert_eq!(uid, project.uid("1.2.840.113619.2.55.3"));
/// assert!(uid.starts_with("2.25.") && uid.len() <= 64);
/// assert_eq!(ProjectKey::handle("MRN-0044 127"), "mrn0044127");
/// assert_eq!(ProjectKey::handle("0044127"), ProjectKey::handle("44127"));
/// ```
pub struct ProjectKey {
    mac: Arc<hmac::Key>,
}

/// Whether a value is a UUID as RFC 9562 writes it.
pub(crate) fn is_uuid(value: &str) -> bool {
    value.len() == 36
        && value.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

impl ProjectKey {
    /// A key of 32 random or derived bytes.
    #[must_use]
    pub fn new(mut bytes: [u8; 32]) -> Self {
        let mac = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
        bytes.zeroize();
        Self { mac: Arc::new(mac) }
    }

    /// How a patient's number names the patient, however a format writes it: letters and digits, small,
    /// without the zeros in front of a bare number.
    #[must_use]
    pub fn handle(number: &str) -> String {
        let compact: String = match number.bytes().all(|b| b.is_ascii_alphanumeric()) {
            true => number.to_ascii_lowercase(),
            false => {
                let letters = number.chars().filter(|c| c.is_alphanumeric());
                letters.flat_map(char::to_lowercase).collect()
            }
        };
        let bare = !compact.is_empty() && compact.bytes().all(|b| b.is_ascii_digit());
        match bare {
            true => match compact.trim_start_matches('0') {
                "" => "0".to_owned(),
                number => number.to_owned(),
            },
            false => compact,
        }
    }

    /// The key of a patient's pseudonyms and date shift; `number` is what [`Self::handle`] makes alike.
    #[must_use]
    pub fn patient(&self, number: &str) -> PseudonymKey {
        self.patient_with_handle(&Self::handle(number))
    }

    /// The same by a handle that is known.
    pub(crate) fn patient_with_handle(&self, handle: &str) -> PseudonymKey {
        let key = PseudonymKey::derived(&self.mac, handle.as_bytes());
        let mac = Arc::clone(&self.mac);
        key.of_project(Self { mac })
    }

    /// The key of a patient's placeholders, which a restore map can turn back.
    #[must_use]
    pub fn placeholders(&self, number: &str) -> PlaceholderKey {
        self.placeholders_with_handle(Self::handle(number))
    }

    /// The same by a handle that is known.
    pub(crate) fn placeholders_with_handle(&self, handle: String) -> PlaceholderKey {
        let handle = Zeroizing::new(handle.into_bytes());
        PlaceholderKey::derived_later(Arc::clone(&self.mac), b"deid text", handle)
    }

    /// The UID that stands for a UID: `2.25.` and 122 bits as a version-4 UUID has them (PS3.5 B.2).
    #[must_use]
    pub fn uid(&self, uid: &str) -> String {
        let uid = uid.trim_matches(['\0', ' ']);
        format!("2.25.{}", u128::from_be_bytes(self.uuid_bytes("uid", uid)))
    }

    /// The UUID that stands for a UUID or any other value, in small letters.
    #[must_use]
    pub fn uuid(&self, value: &str) -> String {
        let value = value.to_ascii_lowercase();
        let bytes = self.uuid_bytes("uuid", &value);
        let mut out = String::with_capacity(36);
        for (index, byte) in bytes.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                out.push('-');
            }
            for digit in [byte >> 4, byte & 15] {
                out.extend(char::from_digit(u32::from(digit), 16));
            }
        }
        out
    }

    /// 26 letters and digits that stand for an id; each `label` has a space of its own.
    #[must_use]
    pub fn id(&self, label: &str, value: &str) -> String {
        let tag = tagged(&self.mac, &[b"id", label.as_bytes(), value.as_bytes()]);
        let number = tag.first_chunk::<16>().copied().unwrap_or_default();
        let mut rest = u128::from_be_bytes(number);
        let mut out = String::with_capacity(ID_LEN);
        for _ in 0..ID_LEN {
            let digit = usize::try_from(rest % 32).unwrap_or_default();
            out.extend(ID_LETTERS.get(digit).map(|letter| char::from(*letter)));
            rest /= 32;
        }
        out
    }

    fn uuid_bytes(&self, label: &str, value: &str) -> [u8; 16] {
        let tag = tagged(&self.mac, &[label.as_bytes(), value.as_bytes()]);
        let mut bytes = tag.first_chunk::<16>().copied().unwrap_or_default();
        let [.., version, _, variant, _, _, _, _, _, _, _] = &mut bytes;
        *version = (*version & 0x0f) | 0x40;
        *variant = (*variant & 0x3f) | 0x80;
        bytes
    }
}

impl fmt::Debug for ProjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProjectKey").finish_non_exhaustive()
    }
}

const ID_LEN: usize = 26;
/// Crockford's alphabet in small letters: no letter is taken for a digit.
const ID_LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stand_ins_follow_from_key_and_value_alone() {
        let (one, other) = (ProjectKey::new([1; 32]), ProjectKey::new([2; 32]));
        assert_eq!(one.uid("1.2.3\0"), one.uid("1.2.3"));
        assert_ne!(one.uid("1.2.3"), one.uid("1.2.4"));
        assert_ne!(one.uid("1.2.3"), other.uid("1.2.3"));
        assert_ne!(one.id("Patient", "1"), one.id("Encounter", "1"));
        assert_eq!(one.id("Patient", "1").len(), ID_LEN);
    }

    #[test]
    fn a_patient_numbered_by_a_uuid_has_the_same_one_everywhere() {
        let project = ProjectKey::new([3; 32]);
        let number = "e85c3b23-23ac-4960-aa42-f446c9c7bf75";
        let key = project.patient(number);
        let mut of = crate::surrogate::Pseudonyms::new(&key);
        assert_eq!(
            of.identifier(crate::finding::Kind::Mrn, number),
            project.uuid(number)
        );
    }

    #[test]
    fn a_uuid_is_one_of_version_four() {
        let uuid = ProjectKey::new([3; 32]).uuid("URN:UUID:X");
        assert_eq!(uuid.len(), 36);
        assert_eq!(uuid.as_bytes()[14], b'4');
        assert!(matches!(uuid.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
        assert_eq!(uuid, ProjectKey::new([3; 32]).uuid("urn:uuid:x"));
    }
}
