//! The PKCS#11 provider against SoftHSM, a token in software.
//!
//! SoftHSM finds its tokens by an environment variable, so each test runs again in a process
//! of its own that has it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::Attribute;
use cryptoki::session::UserType;
use secrecy::SecretString;
use wardgate_vault::{KeyProvider, Pkcs11Provider, Pkcs11Settings, ProviderError, TokenName};

/// The folder of one test: the tokens, the configuration of SoftHSM, and the PIN.
struct Folder(PathBuf);

impl Folder {
    fn settings(&self) -> Pkcs11Settings {
        Pkcs11Settings {
            module: module().unwrap(),
            token: TokenName::Label("ward".to_owned()),
            key: "root-wrap".to_owned(),
            pin_file: self.write_pin("4711"),
        }
    }

    fn write_pin(&self, pin: &str) -> PathBuf {
        let path = self.0.join("pin");
        fs::write(&path, format!("{pin}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    fn add_token(&self, label: &str) {
        let mut util = Command::new("softhsm2-util");
        util.args(["--init-token", "--free", "--label", label]);
        util.args(["--pin", "4711", "--so-pin", "0815"]);
        util.env("SOFTHSM2_CONF", self.0.join("softhsm2.conf"));
        let made = util.output().unwrap();
        assert!(made.status.success(), "{made:?}");
    }

    fn tokens(&self) -> PathBuf {
        self.0.join("tokens")
    }
}

/// Where Debian and others put the module.
fn module() -> Option<PathBuf> {
    [
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
        "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
        "/usr/lib64/pkcs11/libsofthsm2.so",
    ]
    .into_iter()
    .map(PathBuf::from)
    .find(|path| path.exists())
}

/// Runs a test with a token, in a process of its own.
fn with_token(test: &str, body: impl FnOnce(&Folder)) {
    if let Some(folder) = std::env::var_os(FOLDER) {
        body(&Folder(PathBuf::from(folder)));
        return;
    }
    if module().is_none() {
        assert!(
            std::env::var_os("CI").is_none(),
            "the package `softhsm2` is not installed"
        );
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let conf = folder.path().join("softhsm2.conf");
    let tokens = Folder(folder.path().to_owned());
    fs::create_dir(tokens.tokens()).unwrap();
    let text = format!(
        "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
        tokens.tokens().display()
    );
    fs::write(&conf, text).unwrap();
    tokens.add_token("ward");
    let name = format!("pkcs11::{test}");
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args([name.as_str(), "--exact", "--nocapture"]);
    again.env(FOLDER, folder.path()).env("SOFTHSM2_CONF", &conf);
    let output = again.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

const FOLDER: &str = "WARDGATE_TEST_TOKEN_FOLDER";
const ROOT: [u8; 32] = [0x5a; 32];

#[test]
fn a_key_made_on_the_token_wraps_and_unwraps() {
    with_token("a_key_made_on_the_token_wraps_and_unwraps", |folder| {
        let provider = Pkcs11Provider::new(folder.settings());
        let missing = provider.wrap(&ROOT, b"vault 1").unwrap_err();
        assert!(
            matches!(missing, ProviderError::Refused { .. }),
            "{missing}"
        );
        assert!(provider.create_key().unwrap());
        assert!(!provider.create_key().unwrap());

        let wrapped = provider.wrap(&ROOT, b"vault 1").unwrap();
        assert_eq!(wrapped.len(), 61);
        assert_ne!(provider.wrap(&ROOT, b"vault 1").unwrap(), wrapped);
        let another = Pkcs11Provider::new(folder.settings());
        assert_eq!(*another.unwrap(&wrapped, b"vault 1").unwrap(), ROOT);
        assert_eq!(provider.describe(), "pkcs11 token `ward` key `root-wrap`");
    });
}

#[test]
fn anything_altered_is_rejected() {
    with_token("anything_altered_is_rejected", |folder| {
        let provider = Pkcs11Provider::new(folder.settings());
        provider.create_key().unwrap();
        let wrapped = provider.wrap(&ROOT, b"vault 1").unwrap();
        let rejected = |wrapped: &[u8], context: &[u8]| {
            let error = provider.unwrap(wrapped, context).unwrap_err();
            assert!(matches!(error, ProviderError::Rejected { .. }), "{error}");
        };
        for at in 0..wrapped.len() {
            let mut altered = wrapped.clone();
            altered[at] ^= 1;
            rejected(&altered, b"vault 1");
        }
        for length in [0, 1, 12, 13, 29, 45, 60] {
            rejected(&wrapped[..length], b"vault 1");
        }
        rejected(&[wrapped.as_slice(), &[0]].concat(), b"vault 1");
        rejected(&wrapped, b"vault 2");

        let mut settings = folder.settings();
        settings.key = "another".to_owned();
        let other = Pkcs11Provider::new(settings);
        other.create_key().unwrap();
        let error = other.unwrap(&wrapped, b"vault 1").unwrap_err();
        assert!(matches!(error, ProviderError::Rejected { .. }), "{error}");
    });
}

#[test]
fn a_token_that_comes_back_is_used_again() {
    with_token("a_token_that_comes_back_is_used_again", |folder| {
        let provider = Pkcs11Provider::new(folder.settings());
        provider.create_key().unwrap();
        let wrapped = provider.wrap(&ROOT, b"vault").unwrap();
        let away = folder.0.join("away");
        fs::rename(folder.tokens(), &away).unwrap();
        fs::create_dir(folder.tokens()).unwrap();
        for _ in 0..2 {
            let error = provider.unwrap(&wrapped, b"vault").unwrap_err();
            assert!(
                matches!(error, ProviderError::Unavailable { .. }),
                "{error}"
            );
        }
        fs::remove_dir(folder.tokens()).unwrap();
        fs::rename(&away, folder.tokens()).unwrap();
        assert_eq!(*provider.unwrap(&wrapped, b"vault").unwrap(), ROOT);
    });
}

#[test]
fn a_wrong_pin_is_tried_once() {
    with_token("a_wrong_pin_is_tried_once", |folder| {
        let provider = Pkcs11Provider::new(folder.settings());
        provider.create_key().unwrap();
        let settings = folder.settings();
        folder.write_pin("9999");
        let said: Vec<String> = (0..2)
            .map(|_| {
                // A server makes its provider anew for each try.
                let provider = Pkcs11Provider::new(settings.clone());
                let error = provider.wrap(&ROOT, b"").unwrap_err();
                assert!(matches!(error, ProviderError::Refused { .. }), "{error}");
                assert!(!format!("{error} {error:?}").contains("9999"));
                error.to_string()
            })
            .collect();
        assert!(!said[0].contains("not tried again"), "{said:?}");
        assert!(said[1].contains("not tried again"), "{said:?}");
        folder.write_pin("4711");
        provider.wrap(&ROOT, b"").unwrap();
    });
}

#[test]
fn keys_that_could_leave_the_token_or_are_of_another_kind_are_refused() {
    with_token(
        "keys_that_could_leave_the_token_or_are_of_another_kind_are_refused",
        |folder| {
            for (label, bytes, leaves) in [("loose", 32, true), ("small", 16, false)] {
                foreign_key(label, bytes, leaves);
                let mut settings = folder.settings();
                settings.key = label.to_owned();
                let error = Pkcs11Provider::new(settings).wrap(&ROOT, b"").unwrap_err();
                assert!(matches!(error, ProviderError::Unusable { .. }), "{error}");
            }
        },
    );
}

#[test]
fn settings_that_can_not_work_say_why() {
    with_token("settings_that_can_not_work_say_why", |folder| {
        let refused = |change: &dyn Fn(&mut Pkcs11Settings)| {
            let mut settings = folder.settings();
            change(&mut settings);
            Pkcs11Provider::new(settings).wrap(&ROOT, b"").unwrap_err()
        };
        let error = refused(&|s| s.module = PathBuf::from("/nonexistent/module.so"));
        assert!(matches!(error, ProviderError::Unusable { .. }), "{error}");
        let error = refused(&|s| s.module = PathBuf::from("/usr/lib/os-release"));
        assert!(matches!(error, ProviderError::Unusable { .. }), "{error}");
        let error = refused(&|s| s.token = TokenName::Label("another".to_owned()));
        assert!(
            matches!(error, ProviderError::Unavailable { .. }),
            "{error}"
        );
        let error = refused(&|s| s.pin_file = folder.0.join("nowhere"));
        assert!(matches!(error, ProviderError::Unusable { .. }), "{error}");
        let error = refused(&|s| open_to_all(&s.pin_file));
        assert!(error.to_string().contains("others"), "{error}");
        let error = refused(&|s| fs::write(&s.pin_file, "\n").unwrap());
        assert!(matches!(error, ProviderError::Unusable { .. }), "{error}");
    });
}

#[test]
fn two_tokens_of_one_label_are_told_apart_by_serial() {
    with_token(
        "two_tokens_of_one_label_are_told_apart_by_serial",
        |folder| {
            folder.add_token("ward");
            let settings = folder.settings();
            let error = Pkcs11Provider::new(settings.clone())
                .create_key()
                .unwrap_err();
            assert!(matches!(error, ProviderError::Unusable { .. }), "{error}");

            let listed = Command::new("softhsm2-util").arg("--show-slots").output();
            let listed = String::from_utf8(listed.unwrap().stdout).unwrap();
            let serial = listed
                .lines()
                .filter_map(|line| line.trim().strip_prefix("Serial number:"))
                .map(str::trim)
                .find(|serial| !serial.is_empty())
                .unwrap()
                .to_owned();
            let by_serial = Pkcs11Provider::new(Pkcs11Settings {
                token: TokenName::Serial(serial.clone()),
                ..settings
            });
            assert!(by_serial.create_key().unwrap());
            let wrapped = by_serial.wrap(&ROOT, b"").unwrap();
            assert_eq!(*by_serial.unwrap(&wrapped, b"").unwrap(), ROOT);
            assert!(by_serial.describe().contains(&serial));
        },
    );
}

/// A key that another program made on the token.
fn foreign_key(label: &str, bytes: u64, extractable: bool) {
    let context = Pkcs11::new(module().unwrap()).unwrap();
    // The provider may have done this already.
    let _ = context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK));
    let slot = context.get_slots_with_initialized_token().unwrap()[0];
    let session = context.open_rw_session(slot).unwrap();
    let pin = SecretString::from("4711");
    session.login(UserType::User, Some(&pin)).unwrap();
    let template = [
        Attribute::ValueLen(bytes.into()),
        Attribute::Label(label.as_bytes().to_vec()),
        Attribute::Token(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(extractable),
        Attribute::Encrypt(true),
        Attribute::Decrypt(true),
    ];
    session
        .generate_key(&Mechanism::AesKeyGen, &template)
        .unwrap();
}

fn open_to_all(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
}
