//! A data directory whose root key is kept by a token: SoftHSM from Debian's packages.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::house::wardgate;

/// A token, and the settings that name it.
struct Token {
    folder: TempDir,
    module: PathBuf,
}

impl Token {
    /// Nothing where SoftHSM is not installed and need not be.
    fn make() -> Option<Self> {
        let module = [
            "/usr/lib/softhsm/libsofthsm2.so",
            "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
            "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
            "/usr/lib64/pkcs11/libsofthsm2.so",
        ];
        let module = module.into_iter().map(PathBuf::from);
        let Some(module) = module.into_iter().find(|path| path.exists()) else {
            assert!(
                std::env::var_os("CI").is_none(),
                "the package `softhsm2` is not installed"
            );
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let token = Self { folder, module };
        std::fs::create_dir(token.path("tokens")).unwrap();
        let tokens = token.path("tokens");
        let text = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
            tokens.display()
        );
        std::fs::write(token.path("softhsm2.conf"), text).unwrap();
        let mut util = token.command(Command::new("softhsm2-util"));
        util.args(["--init-token", "--free", "--label", "ward", "--pin", "4711"]);
        let made = util.args(["--so-pin", "0815"]).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        std::fs::write(token.path("pin"), "4711\n").unwrap();
        std::fs::set_permissions(token.path("pin"), PermissionsExt::from_mode(0o600)).unwrap();
        Some(token)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, mut command: Command) -> Command {
        command.env("SOFTHSM2_CONF", self.path("softhsm2.conf"));
        command
    }

    fn settings(&self) -> PathBuf {
        let text = format!(
            "# The token in the server room.\nvault:\n  provider: pkcs11\npkcs11:\n  module: {}\n  \
             token_label: ward\n  key_label: root\n  pin_file: {}\n",
            self.module.display(),
            self.path("pin").display()
        );
        let file = self.path("vault.yaml");
        std::fs::write(&file, text).unwrap();
        file
    }

    fn run(&self, arguments: &[&str], dir: &Path) -> Output {
        let mut command = self.command(wardgate());
        command.args(arguments).arg("--dir").arg(dir);
        command.output().unwrap()
    }
}

#[test]
fn the_root_key_of_a_directory_is_kept_by_a_token() {
    let Some(token) = Token::make() else {
        return;
    };
    let dir = token.path("data");
    let settings = token.settings();
    let settings = settings.to_str().unwrap();
    let made = token.run(&["init", "--vault-config", settings], &dir);
    assert!(made.status.success(), "{made:?}");
    assert!(!dir.join("passphrase").exists());
    let config = std::fs::read_to_string(dir.join("wardgate.yaml")).unwrap();
    assert!(
        config.contains("# The token in the server room.\nvault:\n"),
        "{config}"
    );

    let told = |check: &str| {
        let output = token.run(&["doctor", "--json"], &dir);
        let findings: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        let of = |finding: &&Value| finding["check"] == check;
        findings.iter().find(of).unwrap().clone()
    };
    let finding = told("key provider");
    assert_eq!(finding["state"], "ok", "{finding}");
    assert_eq!(
        finding["message"],
        "pkcs11 token `ward` key `root` wraps and unwraps"
    );
    assert_eq!(told("vault")["state"], "ok");
    assert_eq!(told("vault login")["state"], "ok");

    // The token is pulled, then put back.
    std::fs::rename(token.path("tokens"), token.path("pulled")).unwrap();
    std::fs::create_dir(token.path("tokens")).unwrap();
    for check in ["key provider", "vault"] {
        let finding = told(check);
        assert_eq!(finding["state"], "fail", "{finding}");
        let what = finding["message"].as_str().unwrap();
        assert!(what.contains("no such token is present"), "{what}");
    }
    std::fs::remove_dir(token.path("tokens")).unwrap();
    std::fs::rename(token.path("pulled"), token.path("tokens")).unwrap();
    assert_eq!(told("vault")["state"], "ok");
}

#[test]
fn settings_that_do_not_fit_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("data");
    for (text, said) in [
        ("vault:\n  provider: transit\n", "`transit.url` is needed"),
        (
            "vault:\n  provider: transit\ngate:\n",
            "unknown section `gate`",
        ),
        ("vault: [\n", "not valid YAML"),
    ] {
        let file = folder.path().join("vault.yaml");
        std::fs::write(&file, text).unwrap();
        let mut command = wardgate();
        command.args(["init", "--vault-config"]).arg(&file);
        let output = command.arg("--dir").arg(&dir).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let shown = String::from_utf8(output.stderr).unwrap();
        assert!(shown.contains(said), "{shown}");
        assert!(shown.contains("vault.yaml"), "{shown}");
        assert!(!dir.exists());
    }
}
