//! `wardgate ledger prove`: one entry with a proof that anyone can check offline.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use wardgate_ledger::Published;
use wardgate_ledger::checkpoint::Checkpoint;
use wardgate_ledger::note::{Note, VerifierKey};
use wardgate_ledger::prove::InclusionProof;
use wardgate_records::RecordId;
use wardgate_tlog::proof::Proof;

use super::{Ended, keys_beside, ledger_of, published, search};
use crate::commands::Dir;
use crate::failure::Failure;
use crate::output::{Output, Style};

/// Prove that an entry is in the ledger
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::commands) struct Arguments {
    #[command(flatten)]
    dir: Dir,

    /// Index of the entry, or the id of a call's record or another event
    #[arg(value_name = "ENTRY")]
    entry: Entry,

    /// Where to write: OUT.tlog-proof and OUT.json [default: entry-INDEX]
    #[arg(value_name = "OUT")]
    out: Option<PathBuf>,
}

/// Which entry.
#[derive(Debug, Clone, Copy)]
enum Entry {
    Index(u64),
    Id(RecordId),
}

impl FromStr for Entry {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let index = text.parse().map(Self::Index);
        index
            .or_else(|_| text.parse().map(Self::Id))
            .map_err(|_| format!("`{text}` is neither an index nor the id of a record"))
    }
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let ledger = ledger_of(&arguments.dir.dir);
    let published = published(&arguments.dir.dir)?;
    let index = match arguments.entry {
        Entry::Index(index) => index,
        Entry::Id(id) => search::index_of(&published, id)?.ok_or_else(not_there)?,
    };
    let leaf = published.read(index)?.ok_or_else(not_there)?;
    let (note, proof) = best_proof(&ledger, &published, index)?;
    let out = arguments.out.clone();
    let out = out.unwrap_or_else(|| PathBuf::from(format!("entry-{index}")));
    let written = [
        (
            with_suffix(&out, "tlog-proof"),
            text_of(&proof, &note).into_bytes(),
        ),
        (with_suffix(&out, "json"), leaf),
    ];
    for (path, bytes) in &written {
        fs::write(path, bytes).map_err(|error| Failure::file("write", path, &error))?;
    }
    let [(proof_file, _), (entry_file, _)] = &written;
    let cosignatures = cosignatures(&note);
    let value = serde_json::json!({
        "index": index,
        "leaf_hash": STANDARD.encode(proof.leaf_hash),
        "path": proof.path.iter().map(|hash| STANDARD.encode(hash)).collect::<Vec<_>>(),
        "origin": proof.checkpoint.origin,
        "tree_size": proof.checkpoint.size,
        "root": STANDARD.encode(proof.checkpoint.root),
        "signatures": cosignatures,
        "proof_file": proof_file,
        "entry_file": entry_file,
    });
    output.value(&value, || {
        format!(
            "{} entry {index} is in the {} entries of {}\n  signed by {}\n  proof  {}\n  entry  {}",
            Style::of_stdout().green("proven:"),
            proof.checkpoint.size,
            proof.checkpoint.origin,
            cosignatures.join(", "),
            proof_file.display(),
            entry_file.display(),
        )
    });
    Ok(Ended::Well)
}

/// Against the newest checkpoint that witnesses have cosigned, else against the newest of all.
fn best_proof(
    ledger: &Path,
    published: &Published,
    index: u64,
) -> Result<(String, InclusionProof), Failure> {
    let keys = VerifierKey::parse_list(&keys_beside(ledger)?)?;
    for size in cosigned_sizes(ledger).into_iter().rev() {
        if size <= index || size > published.size() {
            continue;
        }
        let path = ledger.join(COSIGNED).join(size.to_string());
        let note =
            fs::read_to_string(&path).map_err(|error| Failure::file("read", &path, &error))?;
        let Ok(checkpoint) = Checkpoint::open_all(note.as_bytes(), &keys) else {
            continue;
        };
        if let Some(proof) = published.prove_at(checkpoint, index)? {
            return Ok((note, proof));
        }
    }
    let note = String::from_utf8_lossy(published.note()).into_owned();
    let proof = published.prove(index)?.ok_or_else(not_there)?;
    Ok((note, proof))
}

/// The sizes of the checkpoints that witnesses have cosigned, smallest first.
fn cosigned_sizes(ledger: &Path) -> Vec<u64> {
    let Ok(entries) = fs::read_dir(ledger.join(COSIGNED)) else {
        return Vec::new();
    };
    let names = entries.flatten().map(|entry| entry.file_name());
    let mut sizes: Vec<u64> = names
        .filter_map(|name| name.to_str()?.parse().ok())
        .collect();
    sizes.sort_unstable();
    sizes
}

/// Who signed the checkpoint, by name.
fn cosignatures(note: &str) -> Vec<String> {
    let Ok(note) = Note::parse(note.as_bytes()) else {
        return Vec::new();
    };
    let mut names: Vec<String> = note.signers().map(|(name, _)| name.to_owned()).collect();
    names.dedup();
    names
}

fn text_of(proof: &InclusionProof, note: &str) -> String {
    Proof {
        extra: None,
        index: proof.index,
        path: proof.path.clone(),
        checkpoint: note.to_owned(),
    }
    .to_string()
}

/// Adds to the name: what stands behind a dot in it is no extension.
fn with_suffix(out: &Path, suffix: &str) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

fn not_there() -> Failure {
    Failure::new(
        "the published ledger has no such entry",
        "an entry is published within a second; `wardgate ledger tail` shows the last ones",
    )
}

const COSIGNED: &str = "cosigned";

const AFTER_HELP: &str = "Writes a C2SP tlog-proof, which holds the signed checkpoint and, where there are, the cosignatures of
witnesses, and the entry itself. Works beside a running server.

Exit codes: 0 proven, 1 not in the published ledger or failed, 2 wrong use.

Example:
  wardgate ledger prove --dir /var/lib/wardgate 0192e4b6-3f00-7a5c-9d43-0b8f6c1e2a77 evidence";
