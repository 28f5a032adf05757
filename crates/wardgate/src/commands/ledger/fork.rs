//! `wardgate ledger declare-fork`: goes on under a new origin with a ledger that others know
//! to have been longer.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use wardgate_anchor::own_tree::OwnTree;
use wardgate_anchor::rollback::{self, Said};
use wardgate_ledger::Signer;
use wardgate_ledger::checkpoint::Checkpoint;
use wardgate_ledger::note::Note;
use wardgate_records::RecordId;
use wardgate_records::events::{Event, ForkDeclared, Token};

use super::super::{Dir, Ended};
use crate::failure::Failure;
use crate::output::Output;
use crate::wiring::{self, Records, anchors};

/// Go on under a new origin with a ledger that was rolled back
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::commands) struct Arguments {
    #[command(flatten)]
    dir: Dir,

    /// Why, as one word, such as `restored-from-backup`
    #[arg(long, value_name = "TEXT")]
    reason: String,

    /// New name of the node and origin of its ledger [default: the old one and `.fork-N`]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Do it: what the witnesses know and this ledger lacks is lost for good
    #[arg(long)]
    yes: bool,
}

/// What was done.
struct Declared {
    old: String,
    new: String,
    aside: PathBuf,
    found: u64,
    witnessed: u64,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    if !arguments.yes {
        return Err(Failure::new(
            "a fork is declared only with `--yes`",
            "restore the newest copy of the ledger instead, if there is one",
        ));
    }
    if Token::new(&arguments.reason).is_err() {
        return Err(Failure::new(
            "the reason is not one word",
            "use a word without spaces and quotes, such as `restored-from-backup`",
        ));
    }
    let dir = arguments.dir.existing()?;
    let declared = wiring::control_runtime()?.block_on(async {
        let records = Records::open(dir).await?;
        declare(records, arguments).await
    })?;
    let value = serde_json::json!({
        "old_origin": declared.old,
        "new_origin": declared.new,
        "entries": declared.found,
        "witnessed": declared.witnessed,
        "kept": declared.aside,
    });
    output.value(&value, || text(&declared));
    Ok(Ended::Well)
}

async fn declare(records: Records, arguments: &Arguments) -> Result<Declared, Failure> {
    let ledger = records.dir.ledger();
    let lock = lock(&ledger)?;
    // The checkpoint says whose it is; the configuration may have been changed already by a
    // run that was interrupted.
    let old = origin(&ledger)?;
    let new = match &arguments.name {
        Some(name) => name.clone(),
        None => next(&old),
    };
    if new == old {
        return Err(Failure::new(
            format!("`{new}` is the origin of this ledger already"),
            "choose another name: no witness cosigns a shorter ledger under the old one",
        ));
    }
    let signer = wiring::ledger_signer(&records.vault, &new)?;
    let keys: Vec<_> = wiring::ledger_signer(&records.vault, &old)?
        .verifier_keys()
        .cloned()
        .collect();
    let tree = OwnTree::open(&ledger, &keys)?;
    let witnessed = witnessed(&records, &tree, &keys).await?;
    let config = records.config.renamed(&records.dir, &new)?;

    let aside = aside(records.dir.root(), &new);
    copy(&ledger, &aside)?;
    let policy = &records.config.anchor.policy;
    write(policy, policy_for(policy, &old, &signer)?.as_bytes())?;
    write(&records.dir.ledger_key(), signer.vkeys().as_bytes())?;
    for kept in ["cosigned", "tsa"] {
        remove(&ledger.join(kept))?;
    }
    let head = Checkpoint {
        origin: new.clone(),
        ..tree.checkpoint().clone()
    };
    let time = u64::try_from(wiring::now().as_second()).unwrap_or_default();
    let note = head.sign(&signer, time)?;
    write(&ledger.join("checkpoint"), note.as_bytes())?;
    write(&records.dir.config_file(), config.as_bytes())?;
    drop(lock);

    let declared = Declared {
        old,
        new,
        aside,
        found: tree.size(),
        witnessed,
    };
    record(records, signer, &declared, &arguments.reason).await?;
    Ok(declared)
}

/// Writes the fork into the ledger, as its first entry under the new origin.
async fn record(
    records: Records,
    signer: Signer,
    declared: &Declared,
    reason: &str,
) -> Result<(), Failure> {
    let ledger = records.open_ledger_as(signer)?;
    let event = Event::ForkDeclared(ForkDeclared {
        old_origin: Token::or_unfit(&declared.old),
        new_origin: Token::or_unfit(&declared.new),
        found_size: declared.found,
        witnessed_size: declared.witnessed,
        reason: Token::or_unfit(reason),
        person: None,
    });
    let at = wiring::now();
    let leaf = event.leaf(RecordId::new(at, records.vault.random()), at);
    let leaf = leaf.map_err(|error| {
        Failure::new(
            error.to_string(),
            "report this with the version of the build",
        )
    })?;
    ledger.append([0; 32], leaf).await?;
    ledger.close()?;
    records.store.close().await;
    Ok(())
}

/// The largest size that anybody knows of; our own when nobody knows more.
async fn witnessed(
    records: &Records,
    tree: &OwnTree,
    keys: &[wardgate_ledger::note::VerifierKey],
) -> Result<u64, Failure> {
    let beside = rollback::check_files(tree.directory(), keys)?;
    let mut settings = anchors::settings(&records.dir, &records.config, &records.vault)?;
    settings.keys = keys.to_vec();
    let asked = tokio::task::spawn_blocking(move || anchors::ask(&settings)).await;
    let reports = asked.unwrap_or_else(|_| Ok(Vec::new()))?;
    let said = reports.into_iter().filter_map(|report| match report.said {
        Said::Knows(rollback) => Some(rollback),
        _ => None,
    });
    let sizes = beside.into_iter().chain(said).map(|known| known.size());
    Ok(sizes.max().unwrap_or(0).max(tree.size()))
}

fn lock(ledger: &Path) -> Result<File, Failure> {
    let path = ledger.join("journal").join("lock");
    let file = File::options().write(true).open(&path);
    let file = file.map_err(|error| Failure::file("open", &path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(Failure::new(
            "a running server holds the ledger",
            "stop the server first",
        )),
        Err(fs::TryLockError::Error(error)) => Err(Failure::file("lock", &path, &error)),
    }
}

fn origin(ledger: &Path) -> Result<String, Failure> {
    let path = ledger.join("checkpoint");
    let note = fs::read(&path).map_err(|error| Failure::file("read", &path, &error))?;
    let unreadable = || {
        Failure::new(
            format!("`{}` is no checkpoint", path.display()),
            "restore a copy of the ledger that verifies",
        )
    };
    let note = Note::parse(&note).map_err(|_| unreadable())?;
    let checkpoint = Checkpoint::parse(note.unchecked_text()).map_err(|_| unreadable())?;
    Ok(checkpoint.origin)
}

/// The old origin and `.fork-2`, or the next number.
fn next(old: &str) -> String {
    let (stem, number) = match old.rsplit_once(FORK) {
        Some((stem, number)) => (stem, number.parse::<u32>().ok()),
        None => (old, Some(1)),
    };
    match number.and_then(|number| number.checked_add(1)) {
        Some(number) => format!("{stem}{FORK}{number}"),
        None => format!("{old}{FORK}2"),
    }
}

/// Where the ledger is kept as it was found.
fn aside(root: &Path, new: &str) -> PathBuf {
    let name: String = new
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '-'
            }
        })
        .collect();
    root.join(format!("ledger-before-{name}"))
}

/// The policy with our new keys in place of the old ones.
fn policy_for(path: &Path, old: &str, signer: &Signer) -> Result<String, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))?;
    let ours = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        words.next() == Some("log")
            && words
                .next()
                .is_some_and(|key| key.split('+').next() == Some(old))
    };
    let mut lines: String = signer
        .verifier_keys()
        .map(|key| format!("log {key}\n"))
        .collect();
    for line in text.lines().filter(|line| !ours(line)) {
        lines.push_str(line);
        lines.push('\n');
    }
    Ok(lines)
}

/// Copies a directory, durable on return. One that is there already is of an interrupted run.
fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    if to.exists() {
        return Ok(());
    }
    let partial = to.with_extension("partial");
    remove(&partial)?;
    copy_into(from, &partial)?;
    fs::rename(&partial, to)
        .and_then(|()| File::open(to.parent().unwrap_or(to))?.sync_all())
        .map_err(|error| Failure::file("make", to, &error))
}

fn copy_into(from: &Path, to: &Path) -> Result<(), Failure> {
    let failed = |error| Failure::file("copy", from, &error);
    fs::create_dir(to).map_err(|error| Failure::file("make", to, &error))?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let target = to.join(entry.file_name());
        if entry.file_type().map_err(failed)?.is_dir() {
            copy_into(&entry.path(), &target)?;
            continue;
        }
        fs::copy(entry.path(), &target)
            .and_then(|_| File::open(&target)?.sync_all())
            .map_err(|error| Failure::file("copy", &entry.path(), &error))?;
    }
    File::open(to)
        .and_then(|directory| directory.sync_all())
        .map_err(failed)
}

fn remove(directory: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::file("remove", directory, &error))
        }
        _ => Ok(()),
    }
}

/// Replaces a file whole, with the permissions that it had.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    let temporary = PathBuf::from(name);
    let written = || {
        let permissions = fs::metadata(path)?.permissions();
        let mut file = File::create(&temporary)?;
        file.set_permissions(permissions)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        File::open(path.parent().unwrap_or(path))?.sync_all()
    };
    written().map_err(|error| Failure::file("write", path, &error))
}

fn text(declared: &Declared) -> String {
    format!(
        "The ledger goes on as {new} from entry {found}; others know {witnessed} entries of {old}.\n  \
         kept as it was   {aside}\n\n\
         Next: hand the new keys in `ledger.vkey` to auditors and witnesses.",
        new = declared.new,
        old = declared.old,
        found = declared.found,
        witnessed = declared.witnessed,
        aside = declared.aside.display(),
    )
}

const FORK: &str = ".fork-";

const AFTER_HELP: &str =
    "For a ledger that refuses to start because witnesses, timestamps or copies know more of it.
Its entries stay, under a new origin; the directory as it was found is kept beside it. The fork
is the first entry under the new origin and can not be undone.

Exit codes: 0 declared, 1 failed, 2 wrong use.

Example:
  wardgate ledger declare-fork --dir /var/lib/wardgate --reason restored-from-backup --yes";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forks_are_counted() {
        assert_eq!(next("h.example/node"), "h.example/node.fork-2");
        assert_eq!(next("h.example/node.fork-2"), "h.example/node.fork-3");
        assert_eq!(
            next("h.example/node.fork-x"),
            "h.example/node.fork-x.fork-2"
        );
    }
}
