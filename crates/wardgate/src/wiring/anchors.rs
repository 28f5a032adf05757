//! Ties the ledger of a node to its anchors, and compares it with what they know.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use wardgate_anchor::anchoring::{Anchoring, Authority, Change, Kind, Settings, Surroundings};
use wardgate_anchor::copies::{Bucket, Credentials, Target};
use wardgate_anchor::http::Client;
use wardgate_anchor::own_tree::OwnTree;
use wardgate_anchor::rollback::{self, Report, Rollback, Said};
use wardgate_anchor::timestamp::Roots;
use wardgate_anchor::witness::client::peers;
use wardgate_console::Anchor as Shown;
use wardgate_gateway::server::tls::client_config;
use wardgate_ledger::Ledger;
use wardgate_ledger::note::VerifierKey;
use wardgate_records::RecordId;
use wardgate_records::events::{AnchorKind, AnchorLost, AnchorRestored, Event, Token};
use wardgate_tlog::policy::{POLICY_BYTES_MAX, Policy};
use wardgate_vault::Vault;

use super::{Records, clock, ledger_signer, now};
use crate::config::{Anchor, Config};
use crate::data_dir::DataDir;
use crate::failure::Failure;

/// What the configuration says about anchors, with every file of it read.
pub(crate) fn settings(dir: &DataDir, config: &Config, vault: &Vault) -> Result<Settings, Failure> {
    let anchor = &config.anchor;
    let ca = read_if(anchor.ca_file.as_deref())?;
    let client = Client::new(ca.as_deref(), anchor.timeout_ms)
        .map_err(|error| Failure::new(error.to_string(), "check the file `anchor.ca_file`"))?;
    let authority = match &anchor.authority {
        None => None,
        Some(authority) => Some(Authority {
            url: authority.url.clone(),
            roots: Arc::new(Roots::from_file(&authority.roots)?),
            interval_ms: authority.interval_ms,
        }),
    };
    Ok(Settings {
        directory: dir.ledger(),
        keys: keys(config, vault)?,
        policy: Arc::new(policy(&anchor.policy)?),
        witness_interval_ms: anchor.witness_interval_ms,
        authority,
        copies: copies(anchor)?,
        copy_interval_ms: anchor.copy_interval_ms,
        late_after_ms: anchor.late_after_ms,
        failing_after_ms: anchor.failing_after_ms,
        client,
    })
}

/// Refuses a ledger that lacks what lies cosigned or timestamped beside it.
pub(crate) fn check_files(records: &Records) -> Result<(), Failure> {
    let keys = keys(&records.config, &records.vault)?;
    match rollback::check_files(&records.dir.ledger(), &keys)? {
        None => Ok(()),
        Some(rollback) => Err(refused(&rollback)),
    }
}

/// Asks witnesses and copies what they know of the ledger, and refuses one that lacks some of it.
pub(crate) fn check_parties(settings: &Settings, require: bool) -> Result<(), Failure> {
    let mut away = Vec::new();
    for report in ask(settings)? {
        let (kind, name) = (report.kind.as_str(), &report.name);
        match report.said {
            Said::Agrees => {}
            Said::Knows(rollback) => return Err(refused(&rollback)),
            Said::Contradicts(fault) => {
                tracing::error!(kind, name, %fault, "an anchor contradicts")
            }
            Said::Away(fault) => {
                tracing::warn!(kind, name, %fault, "an anchor is away");
                away.push(format!("{kind} `{name}`: {fault}"));
            }
        }
    }
    if require && !away.is_empty() {
        return Err(Failure::new(
            format!("not every anchor has answered: {}", away.join("; ")),
            "wait for them, or set `anchor.require_at_start` to false",
        ));
    }
    Ok(())
}

/// What every witness and copy says.
pub(crate) fn ask(settings: &Settings) -> Result<Vec<Report>, Failure> {
    let parties = (peers(&settings.policy), &settings.client);
    let Some(key) = settings.keys.first() else {
        return Ok(Vec::new());
    };
    if parties.0.is_empty() && settings.copies.is_empty() {
        return Ok(Vec::new());
    }
    let tree = OwnTree::open(&settings.directory, &settings.keys)?;
    Ok(rollback::ask(&tree, key, parties, &settings.copies))
}

/// Starts the threads; what changes is recorded in the ledger.
pub(crate) fn start(settings: Settings, ledger: &Ledger) -> Result<Anchoring, Failure> {
    let ledger = ledger.clone();
    let surroundings = Surroundings {
        clock: clock(),
        nonce: wardgate_vault::random::<16>,
        on_change: Arc::new(move |change: &Change| record(change, &ledger)),
    };
    Anchoring::start(settings, surroundings).map_err(|error| {
        Failure::new(
            format!("can not start the anchors: {error}"),
            "check the limits of open files and threads",
        )
    })
}

/// How the anchors stand, as the console shows them.
pub(crate) fn shown(anchoring: &Anchoring) -> Arc<dyn Fn() -> Vec<Shown> + Send + Sync> {
    let standings = anchoring.standings();
    Arc::new(move || {
        let of = |status: wardgate_anchor::anchoring::Status| Shown {
            kind: status.kind.as_str(),
            name: status.name,
            state: status.state.as_str(),
            since: status.since,
            size: status.size,
        };
        standings.all().into_iter().map(of).collect()
    })
}

/// Whether calls have to be refused because the quorum has been missing for too long.
pub(crate) fn refuses(
    anchor: &Anchor,
    anchoring: &Anchoring,
) -> Arc<dyn Fn() -> bool + Send + Sync> {
    let (standings, after_ms) = (anchoring.standings(), anchor.refuse_after_ms);
    Arc::new(move || after_ms > 0 && standings.without_quorum_ms() >= after_ms)
}

/// Reads a policy file.
pub(crate) fn policy(path: &Path) -> Result<Policy, Failure> {
    let length = std::fs::metadata(path).map_err(|error| Failure::file("read", path, &error))?;
    if length.len() > POLICY_BYTES_MAX as u64 {
        return Err(Failure::new(
            format!("`{}` is too long for a policy", path.display()),
            "name a file in the form of c2sp.org/tlog-policy",
        ));
    }
    let text = std::fs::read(path).map_err(|error| Failure::file("read", path, &error))?;
    Policy::parse(&text).map_err(|fault| {
        Failure::new(
            format!("`{}`: {fault}", path.display()),
            "correct the line; `quorum none` alone is a policy too",
        )
    })
}

/// The keys that sign our checkpoints, Ed25519 first.
fn keys(config: &Config, vault: &Vault) -> Result<Vec<VerifierKey>, Failure> {
    let signer = ledger_signer(vault, &config.node.name)?;
    Ok(signer.verifier_keys().cloned().collect())
}

fn copies(anchor: &Anchor) -> Result<Vec<(String, Target)>, Failure> {
    let mut copies = Vec::new();
    if let Some(directory) = &anchor.copy_directory {
        copies.push(("directory".to_owned(), Target::Directory(directory.clone())));
    }
    if let Some(bucket) = &anchor.bucket {
        let target = Bucket {
            endpoint: bucket.endpoint.clone(),
            region: bucket.region.clone(),
            bucket: bucket.name.clone(),
            prefix: bucket.prefix.clone(),
            credentials: credentials(&bucket.credentials)?,
            tls: client_config(anchor.ca_file.as_deref())?,
        };
        copies.push((bucket.name.clone(), Target::Bucket(Box::new(target))));
    }
    Ok(copies)
}

fn credentials(path: &Path) -> Result<Credentials, Failure> {
    let unreadable = |error| Failure::file("read", path, &error);
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(Failure::new(
            format!("`{}` is open to others than its owner", path.display()),
            format!("run `chmod go= {}`", path.display()),
        ));
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    Credentials::parse(&zeroize::Zeroizing::new(text)).ok_or_else(|| {
        Failure::new(
            format!("`{}` holds no credentials", path.display()),
            "write `aws_access_key_id = ...` and `aws_secret_access_key = ...` into it",
        )
    })
}

fn read_if(path: Option<&Path>) -> Result<Option<Vec<u8>>, Failure> {
    let read =
        |path: &Path| std::fs::read(path).map_err(|error| Failure::file("read", path, &error));
    path.map(read).transpose()
}

fn refused(rollback: &Rollback) -> Failure {
    Failure::new(
        format!("the ledger was rolled back: {rollback}"),
        rollback.hint(),
    )
}

/// Writes that an anchor was lost or is back. When that fails, the ledger itself tells.
fn record(change: &Change, ledger: &Ledger) {
    let status = &change.status;
    let anchor = match status.kind {
        Kind::Witness => AnchorKind::Witness,
        Kind::Timestamp => AnchorKind::Timestamp,
        Kind::Copy => AnchorKind::Copy,
    };
    let (name, since) = (Token::or_unfit(&status.name), status.since);
    let event = if change.lost {
        Event::AnchorLost(AnchorLost {
            anchor,
            name,
            since,
        })
    } else {
        Event::AnchorRestored(AnchorRestored {
            anchor,
            name,
            since,
        })
    };
    let at = now();
    let leaf = event.leaf(RecordId::new(at, wardgate_vault::random()), at);
    let written = leaf.map_err(|error| error.to_string()).and_then(|leaf| {
        ledger
            .append_detached(leaf)
            .map_err(|error| error.to_string())
    });
    if let Err(error) = written {
        tracing::error!(%error, "a change of an anchor could not be recorded");
    }
}
