//! The age format: its published vectors, the tool of others, and what damage does.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use aws_lc_rs::digest::{SHA256, digest};
use proptest::prelude::*;
use secrecy::ExposeSecret;
use wardgate_vault::age::{
    AgeError, CHUNK_BYTES, HEADER_BYTES_MAX, Identity, Recipient, STANZAS_MAX, decrypt, encrypt,
};

fn seal(recipients: &[Recipient], plain: &[u8]) -> Vec<u8> {
    let mut file = encrypt(Vec::new(), recipients).unwrap();
    file.write_all(plain).unwrap();
    file.finish().unwrap()
}

fn open(identities: &[Identity], file: &[u8]) -> Result<Vec<u8>, AgeError> {
    let mut plain = Vec::new();
    decrypt(file, identities)?.read_to_end(&mut plain)?;
    Ok(plain)
}

/// Reads all that is released, and how it ended.
fn release(identities: &[Identity], file: &[u8]) -> (Vec<u8>, Result<(), AgeError>) {
    let mut plain = Vec::new();
    let ended = decrypt(file, identities)
        .and_then(|mut reader| Ok(reader.read_to_end(&mut plain).map(drop)?));
    (plain, ended)
}

/// The fault inside of a failed read.
fn fault(error: &AgeError) -> &AgeError {
    match error {
        AgeError::Io(inner) => inner
            .get_ref()
            .and_then(|e| e.downcast_ref())
            .unwrap_or(error),
        other => other,
    }
}

struct Vector {
    name: String,
    expect: String,
    payload: Option<String>,
    identities: Vec<String>,
    file: Vec<u8>,
}

impl Vector {
    fn read(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap();
        let end = bytes.windows(2).position(|two| two == b"\n\n").unwrap();
        let text = std::str::from_utf8(&bytes[..end]).unwrap();
        let values = |key: &str| -> Vec<String> {
            text.lines()
                .filter_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
                .map(str::to_owned)
                .collect()
        };
        let mut file = bytes[end + 2..].to_vec();
        if values("compressed") == ["zlib"] {
            let mut whole = Vec::new();
            flate2::read::ZlibDecoder::new(file.as_slice())
                .read_to_end(&mut whole)
                .unwrap();
            file = whole;
        }
        Self {
            name: path.file_name().unwrap().to_string_lossy().into_owned(),
            expect: values("expect").remove(0),
            payload: values("payload").pop(),
            identities: values("identity"),
            file,
        }
    }

    /// What an implementation without passphrases, armor and post-quantum keys says.
    fn check(&self) {
        let identities: Vec<Identity> = self
            .identities
            .iter()
            .map(|text| Identity::parse(text).unwrap())
            .collect();
        let (released, ended) = release(&identities, &self.file);
        let outcome = match &ended {
            Ok(()) => "success",
            Err(error) => match fault(error) {
                AgeError::Header { .. } => "header failure",
                AgeError::NoMatch => "no match",
                AgeError::Mac => "HMAC failure",
                AgeError::Payload { .. } => "payload failure",
                other => panic!("{}: {other}", self.name),
            },
        };
        assert_eq!(outcome, self.expect, "{}: {ended:?}", self.name);
        let hash: String = digest(&SHA256, &released)
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        match &self.payload {
            Some(payload) => assert_eq!(&hash, payload, "{}", self.name),
            None => assert!(released.is_empty(), "{}", self.name),
        }
    }
}

#[test]
fn published_vectors_hold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/age");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_none())
        .collect();
    paths.sort();
    assert_eq!(paths.len(), 68);
    for path in paths {
        Vector::read(&path).check();
    }
}

#[test]
fn every_size_around_a_chunk_comes_back() {
    let identity = Identity::generate().unwrap();
    for size in [
        0,
        1,
        CHUNK_BYTES - 1,
        CHUNK_BYTES,
        CHUNK_BYTES + 1,
        3 * CHUNK_BYTES,
        3 * CHUNK_BYTES + 7,
    ] {
        let plain: Vec<u8> = (0..size).map(|at| at as u8).collect();
        let file = seal(&[identity.recipient().clone()], &plain);
        assert_eq!(open(&[copy(&identity)], &file).unwrap(), plain, "{size}");
        let chunks = size.div_ceil(CHUNK_BYTES).max(1);
        let header = file.windows(4).position(|four| four == b"\n---").unwrap() + 5 + 44;
        assert_eq!(file.len(), header + 16 + size + 16 * chunks, "{size}");
    }
}

#[test]
fn each_recipient_opens_the_file_alone_and_nobody_else_does() {
    let identities: Vec<Identity> = (0..3).map(|_| Identity::generate().unwrap()).collect();
    let recipients: Vec<Recipient> = identities.iter().map(|i| i.recipient().clone()).collect();
    let file = seal(&recipients, b"for three");
    for identity in &identities {
        assert_eq!(open(&[copy(identity)], &file).unwrap(), b"for three");
    }
    let stranger = Identity::generate().unwrap();
    assert_eq!(
        open(&[copy(&stranger), copy(&identities[2])], &file).unwrap(),
        b"for three"
    );
    for strangers in [vec![], vec![stranger]] {
        assert!(matches!(open(&strangers, &file), Err(AgeError::NoMatch)));
    }
}

#[test]
fn a_file_is_for_someone_and_not_for_too_many() {
    let recipient = Identity::generate().unwrap().recipient().clone();
    for (count, fits) in [
        (0, false),
        (1, true),
        (STANZAS_MAX, true),
        (STANZAS_MAX + 1, false),
    ] {
        let recipients = vec![recipient.clone(); count];
        let made = encrypt(io::sink(), &recipients);
        match made {
            Ok(_) => assert!(fits, "{count}"),
            Err(AgeError::Recipients { count: said }) => {
                assert!(!fits && said == count, "{count}");
            }
            Err(other) => panic!("{other}"),
        }
    }
    let identity = Identity::generate().unwrap();
    let mut full = vec![recipient; STANZAS_MAX - 1];
    full.push(identity.recipient().clone());
    assert_eq!(open(&[identity], &seal(&full, b"crowd")).unwrap(), b"crowd");
}

#[test]
fn a_recipient_of_low_order_is_refused() {
    // The bech32 form of 32 zero bytes.
    let zero: Recipient = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z"
        .parse()
        .unwrap();
    let made = encrypt(io::sink(), &[zero]);
    assert!(matches!(made, Err(AgeError::Recipient { .. })));
}

#[test]
fn headers_beyond_the_limits_are_refused_early() {
    let identity = Identity::generate().unwrap();
    let stanza = "-> some-other kind\n\n";
    let many = "age-encryption.org/v1\n".to_owned() + &stanza.repeat(STANZAS_MAX + 1);
    let long = "age-encryption.org/v1\n-> ".to_owned() + &"x".repeat(HEADER_BYTES_MAX);
    for (text, what) in [(many, "too many recipients"), (long, "too long")] {
        let error = open(&[copy(&identity)], text.as_bytes()).unwrap_err();
        assert!(error.to_string().contains(what), "{error}");
    }
    let mut endless = "age-encryption.org/v1\n-> x\n"
        .as_bytes()
        .chain(io::repeat(b'A'));
    let error = decrypt(&mut endless, &[identity]).unwrap_err();
    assert!(matches!(error, AgeError::Header { .. }), "{error}");
}

#[test]
fn a_file_cut_anywhere_does_not_open() {
    let identity = Identity::generate().unwrap();
    let file = seal(&[identity.recipient().clone()], b"not one byte less");
    for length in 0..file.len() {
        let (_, ended) = release(&[copy(&identity)], &file[..length]);
        assert!(ended.is_err(), "{length}");
    }
}

#[test]
fn a_file_without_its_end_does_not_open() {
    let identity = Identity::generate().unwrap();
    let mut bytes = Vec::new();
    let mut file = encrypt(&mut bytes, &[identity.recipient().clone()]).unwrap();
    file.write_all(&vec![7; 2 * CHUNK_BYTES + 1]).unwrap();
    drop(file);
    let (released, ended) = release(&[identity], &bytes);
    assert_eq!(released.len(), 2 * CHUNK_BYTES);
    let error = ended.unwrap_err();
    assert!(matches!(fault(&error), AgeError::Payload { .. }), "{error}");
}

#[test]
fn a_failed_read_stays_failed() {
    let identity = Identity::generate().unwrap();
    let mut file = seal(&[identity.recipient().clone()], b"damaged");
    *file.last_mut().unwrap() ^= 1;
    let mut reader = decrypt(file.as_slice(), &[identity]).unwrap();
    for _ in 0..3 {
        let error = reader.read(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
    assert_eq!(reader.read(&mut []).unwrap(), 0);
}

/// Takes so many bytes, then fails once, then goes on.
struct Hiccup {
    left: usize,
    failed: bool,
}

impl Write for Hiccup {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.left < bytes.len() && !self.failed {
            self.failed = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.left = self.left.saturating_sub(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_file_whose_writing_failed_is_never_ended() {
    let recipient = Identity::generate().unwrap().recipient().clone();
    let to = Hiccup {
        left: 1_000,
        failed: false,
    };
    let mut file = encrypt(to, &[recipient]).unwrap();
    let error = file.write_all(&[7; CHUNK_BYTES + 1]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    assert!(file.write_all(b"more").is_err());
    assert!(file.finish().is_err());
}

#[test]
fn errors_say_what_to_do_and_nothing_secret() {
    let identity = Identity::generate().unwrap();
    let text = identity.to_text();
    let mut altered = text.expose_secret().to_owned();
    altered.replace_range(20..21, if &altered[20..21] == "Q" { "P" } else { "Q" });
    let error = Identity::parse(&altered).unwrap_err();
    let shown = format!("{error} {error:?} {}", error.hint());
    assert!(!shown.contains(&altered[17..30]), "{shown}");
    for error in [
        AgeError::NoMatch,
        AgeError::Mac,
        AgeError::Recipients { count: 0 },
        AgeError::Payload { what: "cut" },
    ] {
        assert!(!error.hint().is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_in_pieces_is_read_in_pieces(
        plain in prop::collection::vec(any::<u8>(), 0..200_000),
        write in 1_usize..90_000,
        read in 1_usize..90_000,
    ) {
        let identity = Identity::generate().unwrap();
        let mut file = encrypt(Vec::new(), &[identity.recipient().clone()]).unwrap();
        for piece in plain.chunks(write) {
            file.write_all(piece).unwrap();
            file.flush().unwrap();
        }
        let file = file.finish().unwrap();
        let mut reader = decrypt(file.as_slice(), &[identity]).unwrap();
        let mut opened = Vec::new();
        let mut piece = vec![0; read];
        loop {
            let size = reader.read(&mut piece).unwrap();
            if size == 0 {
                break;
            }
            opened.extend_from_slice(&piece[..size]);
        }
        prop_assert_eq!(opened, plain);
    }

    #[test]
    fn one_changed_bit_is_noticed(at in any::<prop::sample::Index>(), bit in 0..8) {
        let identity = Identity::generate().unwrap();
        let mut file = seal(&[identity.recipient().clone()], b"every bit counts");
        let at = at.index(file.len());
        file[at] ^= 1_u8 << bit;
        let (released, ended) = release(&[identity], &file);
        prop_assert!(ended.is_err());
        prop_assert!(released.is_empty());
    }

    #[test]
    fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let identity = Identity::generate().unwrap();
        let mut file = b"age-encryption.org/v1\n".to_vec();
        file.extend_from_slice(&bytes);
        prop_assert!(open(&[identity], &file).is_err());
    }
}

/// The `age` of others, or nothing where it is not installed and need not be.
fn foreign_tool() -> bool {
    let there = Command::new("age").arg("--version").output().is_ok();
    assert!(
        there || std::env::var_os("CI").is_none(),
        "the package `age` is not installed"
    );
    there
}

fn pipe(command: &mut Command, input: &[u8]) -> Vec<u8> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut to = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || to.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    output.stdout
}

#[test]
fn the_tool_of_others_reads_our_files_and_we_read_its() {
    if !foreign_tool() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let key_file = folder.path().join("identity.txt");
    let made = Command::new("age-keygen").arg("-o").arg(&key_file).output();
    assert!(made.unwrap().status.success());
    let theirs = Identity::parse_file(&fs::read_to_string(&key_file).unwrap()).unwrap();
    let ours = Identity::generate().unwrap();
    let our_file = folder.path().join("ours.txt");
    fs::write(&our_file, ours.to_text().expose_secret()).unwrap();
    let recipients = [theirs.recipient().clone(), ours.recipient().clone()];

    for size in [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 300_000] {
        let plain: Vec<u8> = (0..size).map(|at| (at / 3) as u8).collect();
        let file = seal(&recipients, &plain);
        for identity in [&key_file, &our_file] {
            let read = pipe(Command::new("age").args(["-d", "-i"]).arg(identity), &file);
            assert_eq!(read, plain, "{size}");
        }
        let mut age = Command::new("age");
        for recipient in &recipients {
            age.args(["-r", &recipient.to_string()]);
        }
        let file = pipe(&mut age, &plain);
        assert_eq!(open(&[copy(&theirs)], &file).unwrap(), plain, "{size}");
        assert_eq!(open(&[copy(&ours)], &file).unwrap(), plain, "{size}");
    }
}

/// The same identity again, by way of its text.
fn copy(identity: &Identity) -> Identity {
    Identity::parse(identity.to_text().expose_secret()).unwrap()
}
