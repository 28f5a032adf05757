//! The configuration file: one struct per concern, read once, checked whole, every fault told.

mod anchor;
mod backup;
mod console;
mod deid;
mod fields;
mod gate;
mod identity;
mod ledger;
mod log;
mod node;
mod upstream;
mod vault;
mod yaml;

use std::path::Path;

use crate::data_dir::DataDir;
use crate::failure::Failure;

pub(crate) use anchor::Anchor;
pub(crate) use backup::Backup;
pub(crate) use console::Console;
pub(crate) use deid::Deid;
use fields::Reader;
pub(crate) use fields::Setting;
pub(crate) use gate::Gate;
pub(crate) use identity::{ClientProof, Identity, SignOnProvider};
pub(crate) use log::{Log, LogFormat};
pub(crate) use node::{NAME_DEFAULT as NODE_NAME_DEFAULT, Node};
pub(crate) use upstream::Upstream;
pub(crate) use vault::{Provider, Vault};

/// What a node is told by its operator.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) node: Node,
    pub(crate) vault: Vault,
    pub(crate) gate: Gate,
    pub(crate) deid: Deid,
    pub(crate) upstream: Upstream,
    pub(crate) console: Console,
    pub(crate) identity: Identity,
    pub(crate) ledger: wardgate_ledger::Options,
    pub(crate) backup: Backup,
    pub(crate) anchor: Anchor,
    pub(crate) log: Log,
}

impl Config {
    /// Reads the configuration of a data directory. Paths in it are relative to the directory.
    pub(crate) fn load(dir: &DataDir) -> Result<Self, Failure> {
        Self::load_file(&dir.config_file(), dir.root())
    }

    /// Reads a configuration file. Paths in it are relative to `root`.
    pub(crate) fn load_file(file: &Path, root: &Path) -> Result<Self, Failure> {
        let text =
            std::fs::read_to_string(file).map_err(|error| Failure::file("read", file, &error))?;
        Self::parse(&text, file, root)
    }

    /// The text of the configuration file with another name of the node.
    pub(crate) fn renamed(&self, dir: &DataDir, name: &str) -> Result<String, Failure> {
        let file = dir.config_file();
        let text =
            std::fs::read_to_string(&file).map_err(|error| Failure::file("read", &file, &error))?;
        let mut in_node = false;
        let mut renamed = String::with_capacity(text.len() + name.len());
        for line in text.split_inclusive('\n') {
            if !line.starts_with([' ', '\t', '#', '\n']) {
                in_node = line.trim_end() == "node:";
            }
            let indent = line.len() - line.trim_start().len();
            if in_node && line.trim_start().starts_with("name:") {
                renamed.push_str(line.get(..indent).unwrap_or_default());
                renamed.push_str(&format!("name: {name}\n"));
            } else {
                renamed.push_str(line);
            }
        }
        // Whatever the file looks like: it has to say the new name, and be good.
        match Self::parse(&renamed, &file, dir.root()) {
            Ok(config) if config.node.name == name => Ok(renamed),
            _ => Err(Failure::new(
                format!("`{}` can not be given the name `{name}`", file.display()),
                "write the setting `node.name` on a line of its own, or choose another name",
            )),
        }
    }

    fn parse(text: &str, file: &Path, root: &Path) -> Result<Self, Failure> {
        let reader = Reader::of(text, file, root);
        let config = Self::read(&reader);
        whole(config, &reader)
    }

    /// Every part is read even when an earlier one is faulty.
    fn read(reader: &Reader) -> Option<Self> {
        let node = node::read(reader);
        let vault = vault::read(reader);
        let gate = gate::read(reader);
        let deid = deid::read(reader);
        let upstream = upstream::read(reader);
        let console = console::read(reader);
        let identity = identity::read(reader);
        let ledger = ledger::read(reader);
        let backup = backup::read(reader);
        let anchor = anchor::read(reader);
        let log = log::read(reader);
        reader.end();
        Some(Self {
            node: node?,
            vault: vault?,
            gate: gate?,
            deid: deid?,
            upstream: upstream?,
            console: console?,
            identity: identity?,
            ledger: ledger?,
            backup: backup?,
            anchor: anchor?,
            log: log?,
        })
    }

    /// Every setting with its default, for the reference and for a new configuration file.
    pub(crate) fn settings() -> Vec<Setting> {
        let reader = Reader::of("", Path::new(""), Path::new(""));
        Self::read(&reader);
        reader.into_settings()
    }
}

/// Reads a file that has the sections of the vault and of its provider, and no others.
pub(crate) fn parse_vault(text: &str, file: &Path, root: &Path) -> Result<Vault, Failure> {
    let reader = Reader::of(text, file, root);
    let vault = vault::read(&reader);
    reader.end();
    whole(vault, &reader)
}

/// What was read, if nothing was faulty.
fn whole<T>(read: Option<T>, reader: &Reader) -> Result<T, Failure> {
    let faults = reader.faults();
    match read {
        Some(read) if faults.is_empty() => Ok(read),
        _ => {
            let count = faults.len();
            let plural = if count == 1 { "fault" } else { "faults" };
            let message = format!("the configuration has {count} {plural}");
            Err(Failure::in_files(message, faults))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, Failure> {
        Config::parse(text, Path::new("wardgate.yaml"), Path::new("/data"))
    }

    #[test]
    fn an_empty_file_gives_the_safe_defaults() {
        let config = parse("").unwrap();
        assert!(config.gate.server.address.ip().is_loopback());
        assert!(config.gate.tls.is_some());
        let secrets = config.vault.provider.secret_files();
        assert_eq!(secrets, [Path::new("/data/passphrase")]);
    }

    #[test]
    fn every_fault_is_told_with_its_place() {
        let text = "node:\n  name: two words\ngate:\n  listen: nowhere\n  bodybytes_max: 5\n  threads: many\nconsle:\n  a: 1\nlog:\n  format: xml\n";
        let failure = parse(text).unwrap_err();
        let told: Vec<_> = failure.faults().iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(told.join("\n"));
    }

    #[test]
    fn a_key_provider_is_read_from_its_section() {
        let text = "vault:\n  provider: transit\ntransit:\n  url: https://bao.example.org:8200\n  token_file: /run/token\n";
        let Provider::Transit(settings) = parse(text).unwrap().vault.provider else {
            panic!("another provider");
        };
        assert_eq!(
            (settings.mount.as_str(), settings.key.as_str()),
            ("transit", "wardgate")
        );
        let text = "vault:\n  provider: pkcs11\npkcs11:\n  module: /m.so\n  token_serial: \"07\"\n  key_label: k\n  pin_file: pin\n";
        let provider = parse(text).unwrap().vault.provider;
        assert_eq!(provider.secret_files(), [Path::new("/data/pin")]);
        let text = "vault:\n  provider: aws-kms\naws_kms:\n  region: eu-central-1\n  key: alias/w\n  credentials_file: /aws\n";
        let provider = parse(text).unwrap().vault.provider;
        assert_eq!(provider.secret_files(), [Path::new("/aws")]);
        let text =
            "vault:\n  provider: gcp-kms\ngcp_kms:\n  key: projects/p\n  credentials_file: /gcp\n";
        let provider = parse(text).unwrap().vault.provider;
        assert_eq!(provider.secret_files(), [Path::new("/gcp")]);
    }

    #[test]
    fn sources_of_files_are_folders_over_tls_or_on_this_machine() {
        let read = |address: &str| {
            parse(&format!(
                "console:\n  file_sources:\n    - address: {address}\n      token_file: bulk.token\n"
            ))
        };
        let config = read("https://bulk.example.org/exports/").unwrap();
        let [source] = &config.console.file_sources[..] else {
            panic!("{:?}", config.console.file_sources)
        };
        assert_eq!(source.address, "https://bulk.example.org/exports/");
        assert_eq!(
            source.token_file.as_deref(),
            Some(Path::new("/data/bulk.token"))
        );
        for bad in [
            "https://bulk.example.org/exports",
            "http://bulk.example.org/",
            "bulk/",
        ] {
            let failure = read(bad).unwrap_err();
            let told: Vec<String> = failure.faults().iter().map(ToString::to_string).collect();
            assert_eq!(
                told,
                ["wardgate.yaml:3:16: `console.file_sources.address` does not take this value"]
            );
        }
    }

    #[test]
    fn what_a_key_provider_needs_and_has_not_is_told() {
        let told: Vec<String> = ["pkcs11", "transit", "aws-kms", "gcp-kms", "other"]
            .iter()
            .flat_map(|provider| {
                let failure = parse(&format!("vault:\n  provider: {provider}\n")).unwrap_err();
                failure
                    .faults()
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
            })
            .collect();
        insta::assert_snapshot!(told.join("\n"));
        for text in [
            "pkcs11:\n  token_label: a\n  token_serial: b\n",
            "transit:\n  token_file: a\n  role_id_file: b\n",
            "transit:\n  secret_id_file: b\n",
        ] {
            assert_eq!(parse(text).unwrap_err().faults().len(), 1, "{text}");
        }
        assert!(
            parse_vault(
                "vault:\n  provider: passphrase\ngate:\n",
                Path::new("f"),
                Path::new("/d")
            )
            .is_err()
        );
    }

    #[test]
    fn providers_of_identity_are_read_and_every_fault_of_one_is_told() {
        let good = "identity:\n  scim_provider: corp\n  providers:\n    - name: corp\n      issuer: https://id.example.org\n      client_id: wardgate\n      client_secret_file: corp.secret\n      groups_claim: groups\n      roles: {Ward Clinicians: clinician}\n      acr_levels: {gold: 2}\n";
        let identity = parse(good).unwrap().identity;
        let [provider] = identity.providers.as_slice() else {
            panic!("one provider");
        };
        assert_eq!(provider.label, "corp");
        assert_eq!(provider.scopes, ["openid", "profile"]);
        assert_eq!(provider.acr_levels.get("phr"), Some(&3));
        assert_eq!(provider.acr_levels.get("gold"), Some(&2));
        assert_eq!(
            provider.roles,
            [("Ward Clinicians".to_owned(), "clinician".to_owned())]
        );
        for (from, to) in [
            ("https://id", "http://id"),
            ("name: corp", "name: Corp"),
            ("gold: 2", "gold: 4"),
            ("client_id", "clientid"),
            ("client_secret_file: corp.secret", "scopes: [openid]"),
            ("groups_claim: groups", "scopes: [profile]"),
            ("scim_provider: corp", "scim_provider: other"),
            ("      client_id: wardgate", "    - name: corp"),
        ] {
            let failure = parse(&good.replace(from, to)).unwrap_err();
            assert!(!failure.faults().is_empty(), "{to}");
        }
    }

    #[test]
    fn plain_http_is_for_loopback_addresses_only() {
        let failure = parse("gate:\n  listen: 0.0.0.0:8080\n  plain_http: true\n").unwrap_err();
        assert_eq!(failure.faults().len(), 1);
        assert_eq!(failure.faults()[0].line, 2);
        let config = parse("gate:\n  listen: 127.0.0.1:8080\n  plain_http: true\n").unwrap();
        assert!(config.gate.tls.is_none());
    }

    #[test]
    fn a_model_needs_a_build_that_runs_it() {
        let parsed = parse("deid:\n  neural: models/deid\n");
        if crate::neural::BUILT_IN {
            let folder = parsed.unwrap().deid.neural.unwrap();
            assert_eq!(folder, Path::new("/data/models/deid"));
        } else {
            let failure = parsed.unwrap_err();
            assert_eq!(failure.faults().len(), 1);
            assert_eq!(failure.faults()[0].line, 2);
            assert!(failure.faults()[0].hint.contains("--features neural"));
        }
    }

    #[test]
    fn a_file_that_is_not_yaml_is_one_fault() {
        let failure = parse("node:\n  name: [\n").unwrap_err();
        assert_eq!(failure.faults().len(), 1);
        let failure = parse("- a\n").unwrap_err();
        assert_eq!(failure.faults().len(), 1);
    }

    #[test]
    fn what_init_writes_reads_back() {
        let text = crate::commands::init::config_text(&crate::commands::init::Choices::default());
        let config = parse(&text).unwrap();
        assert_eq!(config.node.name, "localhost/wardgate");
    }
}
