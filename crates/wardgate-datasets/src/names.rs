//! What the file of an output is called: as its input, without what identifies somebody in the name.
//!
//! Files are often named after what stands in them: a SOP instance UID, a resource's UUID, a record number.
//! Such parts become what the project's key makes of them, the same as inside the files; the rest stays, so that
//! outputs can be told by their inputs' names.

use std::path::{Path, PathBuf};

use wardgate_deid::ProjectKey;

use crate::report::slashed;

/// The path of an output below the folder that is written.
pub(crate) fn output_path(below: &Path, key: &ProjectKey) -> PathBuf {
    let path = slashed(below);
    path.split('/').map(|part| output_name(part, key)).collect()
}

fn output_name(name: &str, key: &ProjectKey) -> String {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let at_edge = !out.ends_with(|c: char| c.is_ascii_alphanumeric());
        let (len, stand_in) = if at_edge && let Some(uuid) = leading_uuid(rest) {
            (uuid.len(), key.uuid(uuid))
        } else if let Some(uid) = leading_uid(rest) {
            (uid.len(), key.uid(uid))
        } else if let Some(number) = leading_number(rest) {
            (number.len(), key.id("file", number))
        } else {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let len = digits.max(first.len_utf8());
            (len, rest.get(..len).unwrap_or_default().to_owned())
        };
        out.push_str(&stand_in);
        rest = rest.get(len..).unwrap_or_default();
    }
    out
}

fn leading_uuid(text: &str) -> Option<&str> {
    let uuid = text.get(..UUID_LEN)?;
    let dash = |at| matches!(at, 8 | 13 | 18 | 23);
    let fits = |(at, byte): (usize, u8)| match dash(at) {
        true => byte == b'-',
        false => byte.is_ascii_hexdigit(),
    };
    let ends = !text
        .as_bytes()
        .get(UUID_LEN)
        .is_some_and(u8::is_ascii_alphanumeric);
    (ends && uuid.bytes().enumerate().all(fits)).then_some(uuid)
}

/// Numbers parted by dots, as many as no version or date has.
fn leading_uid(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.');
    let uid = text.get(..end.unwrap_or(text.len()))?.trim_end_matches('.');
    let parts = uid.split('.').filter(|part| !part.is_empty()).count();
    (parts >= UID_PARTS_MIN && uid.starts_with(|c: char| c.is_ascii_digit())).then_some(uid)
}

fn leading_number(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_ascii_digit());
    let number = text.get(..end.unwrap_or(text.len()))?;
    (number.len() >= NUMBER_LEN_MIN).then_some(number)
}

const UUID_LEN: usize = 36;
const UID_PARTS_MIN: usize = 5;
/// Shorter ones count files.
const NUMBER_LEN_MIN: usize = 7;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_no_uid_uuid_or_long_number() {
        let key = ProjectKey::new([7; 32]);
        let uid = "1.2.840.113619.2.55.3.604688119";
        let uuid = "0b5c6a3e-9a51-4b2c-8d77-1f0e2a3b4c5d";
        let name = |text: &str| {
            output_path(Path::new(text), &key)
                .to_str()
                .unwrap()
                .to_owned()
        };
        assert_eq!(
            name(&format!("s/{uid}.dcm")),
            format!("s/{}.dcm", key.uid(uid))
        );
        assert_eq!(name(&format!("CT.{uid}")), format!("CT.{}", key.uid(uid)));
        assert_eq!(
            name(&format!("Bundle_{uuid}.json")),
            format!("Bundle_{}.json", key.uuid(uuid))
        );
        assert!(!name("mrn0044127.hl7").contains("0044127"));
        for stays in [
            "ct_s1_i1.dcm",
            "693_J2KR.dcm",
            "a/IM-0001-0002.dcm",
            "r4.0.1.json",
            "Ä b.txt",
        ] {
            assert_eq!(name(stays), stays);
        }
    }
}
