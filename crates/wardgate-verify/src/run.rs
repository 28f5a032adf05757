//! Verifies what the command line asks for.

use wardgate_tlog::audit::{AuditFault, Audited, Trust, audit_export, audit_log};
use wardgate_tlog::bundle::ENTRY_BYTES_MAX;
use wardgate_tlog::checkpoint::Checkpoint;
use wardgate_tlog::note::{NOTE_BYTES_MAX, VerifierKey};
use wardgate_tlog::policy::{Accepted, Policy};
use wardgate_tlog::proof::{PROOF_BYTES_MAX, Proof};

use crate::arguments::{Subject, Task};
use crate::directory::Directory;
use crate::inputs;
use crate::report::{Failure, Outcome, Value, hex};

type Facts = Vec<(&'static str, Value)>;

pub(crate) fn run(task: &Task) -> Outcome {
    let verified = match task.subject {
        Subject::Export | Subject::Log => directory(task),
        Subject::Proof => proof(task),
        Subject::Checkpoint => checkpoint(task),
    };
    let (verified, notes) = match verified {
        Ok((facts, notes)) => (Ok(facts), notes),
        Err(failure) => (Err(failure), Vec::new()),
    };
    let mut outcome = Outcome::new(verified);
    for note in notes {
        outcome.note(note);
    }
    if inputs::lies_within(task) {
        outcome.note("a key or the policy comes from within what was verified, so this shows only that it fits itself".to_owned());
    }
    outcome
}

fn directory(task: &Task) -> Result<(Facts, Vec<String>), Failure> {
    let trust = Trust::new(inputs::keys(task)?, inputs::policy(task)?).ok_or_else(no_log)?;
    if !task.path.is_dir() {
        let message = format!("`{}` is not a directory", task.path.display());
        return Err(Failure::new(message, "check the path"));
    }
    let mut files = Directory::at(&task.path);
    let audited = match task.subject {
        Subject::Export => audit_export(&mut files, &trust),
        _ => audit_log(&mut files, &trust),
    };
    let audited = audited.map_err(|fault: AuditFault<String>| {
        Failure::new(fault.to_string(), fault.hint()).at(fault.index())
    })?;
    Ok((facts(&audited), notes(&audited)))
}

fn facts(audited: &Audited) -> Facts {
    let mut facts = vec![
        ("origin", Value::Text(audited.origin.clone())),
        ("entries", Value::Number(audited.size)),
        ("root", Value::Text(hex(&audited.root))),
        ("first_checked", Value::Number(audited.first)),
        ("minimum", Value::Number(audited.minimum)),
        ("older_checkpoints", Value::Number(audited.older)),
    ];
    if audited.files > 0 {
        facts.push(("files", Value::Number(audited.files)));
    }
    if let Some(size) = audited.accepted {
        facts.push(("accepted_up_to", Value::Number(size)));
    }
    facts
}

fn notes(audited: &Audited) -> Vec<String> {
    let mut notes = Vec::new();
    if audited.minimum > 0 {
        notes.push(format!(
            "entries before {} may have been pruned; what is left of them was checked by its hashes",
            audited.first
        ));
    }
    if let Some(size) = audited.accepted.filter(|size| *size < audited.size) {
        notes.push(format!(
            "the policy accepts the first {size} entries; those after them are signed by the log alone"
        ));
    }
    notes
}

fn proof(task: &Task) -> Result<(Facts, Vec<String>), Failure> {
    let keys = inputs::keys(task)?;
    let policy = policy_or_keys(task, &keys)?;
    let proof = inputs::read(&task.path, PROOF_BYTES_MAX as u64)?;
    let entry = task.entry.as_deref().unwrap_or(&task.path);
    let entry = inputs::read(entry, ENTRY_BYTES_MAX as u64)?;
    let checked = Proof::parse(&proof).and_then(|proof| {
        let accepted = proof.check(&entry, &policy)?;
        Ok((accepted, proof.index, proof.checkpoint))
    });
    let (accepted, index, note) =
        checked.map_err(|fault| Failure::new(fault.to_string(), fault.hint()))?;
    all_signed(note.as_bytes(), &keys)?;
    let mut facts = vec![("index", Value::Number(index))];
    facts.extend(accepted_facts(&accepted));
    Ok((facts, Vec::new()))
}

fn checkpoint(task: &Task) -> Result<(Facts, Vec<String>), Failure> {
    let keys = inputs::keys(task)?;
    let policy = policy_or_keys(task, &keys)?;
    let note = inputs::read(&task.path, NOTE_BYTES_MAX as u64)?;
    let accepted = policy.check(&note).map_err(|rejection| {
        let message = format!("the checkpoint does not count: {rejection}");
        Failure::new(message, rejection.hint())
    })?;
    all_signed(&note, &keys)?;
    Ok((accepted_facts(&accepted), Vec::new()))
}

fn accepted_facts(accepted: &Accepted) -> Facts {
    vec![
        ("origin", Value::Text(accepted.checkpoint.origin.clone())),
        ("entries", Value::Number(accepted.checkpoint.size)),
        ("root", Value::Text(hex(&accepted.checkpoint.root))),
        ("log_keys", Value::Number(accepted.logs.len() as u64)),
        ("witnesses", Value::Number(accepted.witnesses.len() as u64)),
    ]
}

/// The policy of the command line; keys alone are a policy without witnesses.
fn policy_or_keys(task: &Task, keys: &[VerifierKey]) -> Result<Policy, Failure> {
    let policy = match inputs::policy(task)? {
        Some(policy) => policy,
        None => Policy::without_witnesses(),
    };
    let policy = policy.or_logs(keys);
    match policy.logs().is_empty() {
        true => Err(no_log()),
        false => Ok(policy),
    }
}

/// Each key that was given must have signed, whatever the policy says.
fn all_signed(note: &[u8], keys: &[VerifierKey]) -> Result<(), Failure> {
    if keys.is_empty() {
        return Ok(());
    }
    let opened = Checkpoint::open_all(note, keys);
    opened.map(drop).map_err(|fault| {
        let message = format!("the checkpoint does not count: {fault}");
        Failure::new(message, "check that the keys are those of this log")
    })
}

fn no_log() -> Failure {
    Failure::new(
        "the policy names no log, and there is no key".to_owned(),
        "give the keys of the log with `--key`",
    )
}
