//! What stays: a patient who is shredded, and a ledger that notices a single bit.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use wardgate_ledger::verify;
use wardgate_records::RecordId;

use super::super::stage::{Call, Stage, Stated};
use crate::commands::call::Shown;
use crate::commands::patient;
use crate::failure::Failure;

pub(super) async fn play(stage: &mut Stage<'_>) -> Result<(), Failure> {
    shred(stage).await?;
    all_published(stage).await;
    verifies(stage);
    tamper(stage)
}

/// A recorded call is readable until its patient's key is destroyed.
async fn shred(stage: &mut Stage<'_>) -> Result<(), Failure> {
    let scene = stated("open a recorded call, as the operator", "readable");
    stage.progress.tell(scene.tried);
    let text = format!(
        "Summarise this note.\n\n{}",
        stage.hospital.note("mcallister")
    );
    let call = Call::ask("osei", "ward-chat", "mcallister", &text);
    let (answer, _) = stage.send(&call).await?;
    let record = answer
        .record
        .as_deref()
        .and_then(|record| record.parse().ok());
    let Some(record): Option<RecordId> = record else {
        let happened = "the answer names no record".to_owned();
        stage.keep(
            scene,
            happened,
            answer.status.to_string(),
            answer.took,
            false,
        );
        return Ok(());
    };
    let readable = match stage.node.read_call(record)? {
        Shown::Readable(payloads) => payloads
            .iter()
            .any(|payload| String::from_utf8_lossy(&payload.body).contains("McAllister")),
        Shown::Shredded => false,
    };
    let happened = "opened with the vault's key".to_owned();
    stage.keep(
        scene,
        happened,
        "readable".to_owned(),
        answer.took,
        readable,
    );

    let scene = stated(
        "destroy that patient's key",
        "the same record is unreadable",
    );
    stage.progress.tell(scene.tried);
    let began = Instant::now();
    patient::shred(stage.dir.clone(), "Patient/mcallister").await?;
    let took = began.elapsed();
    let gone = matches!(stage.node.read_call(record)?, Shown::Shredded);
    let (happened, code) = match gone {
        true => ("nobody can read it any more", "shredded"),
        false => ("it can still be read", "readable"),
    };
    stage.keep(scene, happened.to_owned(), code.to_owned(), took, gone);
    Ok(())
}

/// A copy is taken when the checkpoint covers every entry.
async fn all_published(stage: &Stage<'_>) {
    let (ledger, began) = (stage.node.ledger(), Instant::now());
    while ledger.published() < ledger.size() && began.elapsed() < PUBLISHED_MAX {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn verifies(stage: &mut Stage<'_>) {
    let scene = stated("verify the ledger after that", "every entry is as it was");
    stage.progress.tell(scene.tried);
    let began = Instant::now();
    let verified = key(stage).and_then(|key| Ok(verify(&stage.dir.ledger(), &key)?));
    let (happened, code, good) = match verified {
        Ok(verified) => {
            let entries = verified.size + verified.unpublished;
            (format!("{entries} entries verify"), "verified", true)
        }
        Err(failure) => (failure.message().to_owned(), "not verified", false),
    };
    stage.keep(scene, happened, code.to_owned(), began.elapsed(), good);
}

/// Flips one bit in a copy.
fn tamper(stage: &mut Stage<'_>) -> Result<(), Failure> {
    let scene = stated(
        "flip one bit in a copy of the ledger",
        "detected, naming the entry",
    );
    stage.progress.tell(scene.tried);
    let copy = Copied::of(&stage.dir.ledger())?;
    let entries = copy.0.join("tile").join("entries");
    let bundle = first_file(&entries).ok_or_else(|| {
        Failure::new(
            "the ledger has published nothing yet",
            "report this with the version of the build",
        )
    })?;
    let mut bytes = fs::read(&bundle).map_err(|error| Failure::file("read", &bundle, &error))?;
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    fs::write(&bundle, &bytes).map_err(|error| Failure::file("write", &bundle, &error))?;
    let began = Instant::now();
    let verified = verify(&copy.0, &key(stage)?);
    let took = began.elapsed();
    let (happened, code, index) = match &verified {
        Ok(_) => ("it was not noticed".to_owned(), "verified", None),
        Err(error) => {
            let happened = match error.index() {
                Some(index) => format!("entry {index} is not as it was"),
                None => error.to_string(),
            };
            (happened, "not verified", error.index())
        }
    };
    stage.keep(scene, happened, code.to_owned(), took, index.is_some());
    Ok(())
}

fn key(stage: &Stage<'_>) -> Result<String, Failure> {
    let path = stage.dir.ledger_key();
    fs::read_to_string(&path).map_err(|error| Failure::file("read", &path, &error))
}

/// A copy that goes away.
struct Copied(PathBuf);

impl Copied {
    fn of(ledger: &Path) -> Result<Self, Failure> {
        let copy = Self(ledger.with_file_name("ledger-copy"));
        copy_folder(ledger, &copy.0).map_err(|error| Failure::file("copy", ledger, &error))?;
        Ok(copy)
    }
}

impl Drop for Copied {
    fn drop(&mut self) {
        // What is left behind is only a copy.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn first_file(dir: &Path) -> Option<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(dir)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.sort();
    paths.into_iter().find_map(|path| {
        if path.is_dir() {
            first_file(&path)
        } else {
            Some(path)
        }
    })
}

const PUBLISHED_MAX: Duration = Duration::from_secs(3);

fn stated(tried: &'static str, expected: &'static str) -> Stated {
    Stated {
        part: "Vault and ledger",
        tried,
        expected,
    }
}
