//! The key, the profile, the day and the patients, and the id by which parts of a cluster know that they agree.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use wardgate_deid::{Day, Engine, Profile, ProjectKey, RecordRules};
use wardgate_fhir::{Options, PatientIndex, ResourceDeidentifier};
use zeroize::Zeroizing;

use crate::Policy;
use crate::failure::Failure;

/// Everything that decides about an output besides the job.
pub(crate) struct Rules {
    id: String,
    pub(crate) records: Arc<RecordRules>,
    pub(crate) fhir: Arc<ResourceDeidentifier>,
}

impl Rules {
    /// Reads what a policy names.
    pub(crate) fn read(policy: &Policy) -> Result<Self, Failure> {
        let key = read_key(&policy.key)?;
        let profile = read_profile(&policy.profile)?;
        let as_of = day(&policy.as_of)
            .ok_or_else(|| Failure::new("`--as-of` is not a day", "write it as 2026-11-30"))?;
        // All that decides goes into the id, so that parts that differ in any of it have no function in common.
        let mut decides = profile.digest().to_vec();
        decides.extend(as_of.iso().into_bytes());
        decides.extend(env!("CARGO_PKG_VERSION").bytes());
        let mut patients = PatientIndex::new();
        for file in &policy.patients {
            learn(file, &mut patients, &key, &mut decides)?;
        }
        let id = key.id("bulk", &key_text(&decides));
        let records = Arc::new(RecordRules::new(Engine::new(), profile, key, as_of));
        let fhir =
            ResourceDeidentifier::new(Arc::clone(&records), Arc::new(patients), Options::default());
        Ok(Self {
            id,
            records,
            fhir: Arc::new(fhir),
        })
    }

    /// The id of the key with its rules; it tells nothing of the key.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }
}

/// An id as it was given, checked for its form.
pub(crate) fn key_id(given: &str) -> Result<String, Failure> {
    let well_formed = given.len() == ID_LEN
        && given
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    well_formed.then(|| given.to_owned()).ok_or_else(|| {
        Failure::new(
            "`--key-id` is not the id of a key",
            "take the id that `wardgate-bulk key-id` prints",
        )
    })
}

/// A day written as `2026-11-30`.
pub(crate) fn day(text: &str) -> Option<Day> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let digits =
        |part: &str, count: usize| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
    if parts.next().is_some() || !digits(year, 4) || !digits(month, 2) || !digits(day, 2) {
        return None;
    }
    Day::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

fn read_profile(named: &str) -> Result<Profile, Failure> {
    if let Some(profile) = Profile::named(named) {
        return Ok(profile);
    }
    let text = fs::read_to_string(named).map_err(|error| {
        Failure::new(
            format!("`{named}` is no profile and can not be read as a file: {error}"),
            "name safe-harbor, limited-data-set, gdpr-pseudonymise, or a profile file",
        )
    })?;
    Profile::parse(&text).map_err(|faults| {
        Failure::new(
            format!("the profile `{named}` has faults: {faults}"),
            "mend the lines that are named",
        )
    })
}

/// Learns the patients of an NDJSON file.
fn learn(
    file: &Path,
    patients: &mut PatientIndex,
    key: &ProjectKey,
    decides: &mut Vec<u8>,
) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(
            format!(
                "can not read the patients in `{}`: {}",
                file.display(),
                error.kind()
            ),
            "name an NDJSON file of Patient resources",
        )
    };
    let mut reader = BufReader::new(fs::File::open(file).map_err(failed)?);
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut limited = std::io::Read::take(&mut reader, LINE_BYTES_MAX);
        if limited.read_until(b'\n', &mut line).map_err(failed)? == 0 {
            return Ok(());
        }
        patients.learn(&line);
        // Chained, so that any other patient, or another order, makes another id.
        let before = std::mem::take(decides);
        let chained = format!("{} {}", key_text(&before), String::from_utf8_lossy(&line));
        decides.extend(key.id("bulk patients", &chained).into_bytes());
    }
}

/// A key from a file that only its owner can read.
fn read_key(path: &Path) -> Result<ProjectKey, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::new(
            format!(
                "can not read the key file `{}`: {}",
                path.display(),
                error.kind()
            ),
            "make one: (umask 077; openssl rand -hex 32 > project.key)",
        )
    };
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(Failure::new(
            format!("others can read the key file `{}`", path.display()),
            "take the rights away with chmod 600",
        ));
    }
    let unusable = || {
        Failure::new(
            format!("`{}` holds no key of 32 bytes", path.display()),
            "make one: (umask 077; openssl rand -hex 32 > project.key)",
        )
    };
    if metadata.len() > KEY_FILE_BYTES_MAX {
        return Err(unusable());
    }
    let bytes = Zeroizing::new(fs::read(path).map_err(unreadable)?);
    let key = key_bytes(&bytes).ok_or_else(unusable)?;
    Ok(ProjectKey::new(*key))
}

/// 32 bytes, or the same as hexadecimal digits or base64.
fn key_bytes(bytes: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    if let Ok(bytes) = <[u8; 32]>::try_from(bytes) {
        return Some(Zeroizing::new(bytes));
    }
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let decoded = Zeroizing::new(match text.len() {
        64 => hexadecimal(text)?,
        _ => BASE64_STANDARD.decode(text).ok()?,
    });
    <[u8; 32]>::try_from(decoded.as_slice())
        .ok()
        .map(Zeroizing::new)
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let (pairs, _) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    pairs
        .iter()
        .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?))
        .collect()
}

/// Bytes as hexadecimal digits, as text for the key to work on.
fn key_text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const ID_LEN: usize = 26;
const KEY_FILE_BYTES_MAX: u64 = 1_024;
/// The most of one line of the patients' file.
const LINE_BYTES_MAX: u64 = 64 << 20;
