//! What a backup holds, and in which order it is looked at while a server writes.
//!
//! The store comes first, the checkpoint and the end of the ledger's journal next, the end of the
//! payloads after that and the wrapped keys last. So every event that the store says is in the
//! ledger is there, every entry has its payload and every payload its key, unless the patient
//! was shredded meanwhile. What grows is copied to a staging directory at its moment; all
//! else never changes and is read in its own time.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use wardgate_ledger::checkpoint::Checkpoint;
use wardgate_ledger::note::VerifierKey;
use wardgate_ledger::tile::{Kind, Tile};
use wardgate_ledger::{Published, bundle};

use super::files;
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::wiring::Records;

/// One file of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// Its path within the data directory.
    pub(crate) name: String,
    pub(crate) mode: u32,
    pub(crate) content: Content,
}

/// Where the bytes of a file come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    File(PathBuf),
    /// A tile of the published tree; the full one may have taken its place meanwhile.
    Tile(Tile),
}

/// All that goes into one backup.
#[derive(Debug)]
pub(crate) struct Collected {
    pub(crate) sources: Vec<Source>,
    /// How many ledger entries the checkpoint covers.
    pub(crate) entries: u64,
    pub(crate) staging: Staging,
}

/// Copies of what grows; gone when the backup has ended.
#[derive(Debug)]
pub(crate) struct Staging(
    PathBuf,
    #[expect(dead_code, reason = "held, not read")] File,
);

impl Drop for Staging {
    fn drop(&mut self) {
        // What is left behind holds nothing that the data directory does not hold.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Staging {
    /// A new one in the data directory, so that nothing leaves it unencrypted.
    fn make(dir: &DataDir) -> Result<Self, Failure> {
        let alone = files::lock_by(dir.root(), STAGING_LOCK)?;
        let path = dir.root().join(STAGING);
        if path.exists() {
            // Of a backup that was cut short; its lock is ours now.
            fs::remove_dir_all(&path).map_err(|error| Failure::file("remove", &path, &error))?;
        }
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(|error| Failure::file("make", &path, &error))?;
        Ok(Self(path, alone))
    }

    fn copy(&self, from: &Path, name: &str) -> Result<PathBuf, Failure> {
        let to = self.0.join(name);
        fs::copy(from, &to).map_err(|error| Failure::file("copy", from, &error))?;
        Ok(to)
    }

    fn write(&self, bytes: &[u8], name: &str) -> Result<PathBuf, Failure> {
        let to = self.0.join(name);
        files::write(&to, bytes, 0o600)?;
        Ok(to)
    }
}

/// Fixes what the backup holds. Private keys of TLS go along only when they are asked for.
pub(crate) async fn collect(
    records: &Records,
    key: &VerifierKey,
    private_keys: bool,
) -> Result<Collected, Failure> {
    let dir = &records.dir;
    let staging = Staging::make(dir)?;
    let mut sources = Vec::new();
    let database = staging.0.join("records.db");
    records.store.copy_database(&database).await?;
    sources.push(private("store/records.db", database));

    let published = Published::open(&dir.ledger(), std::slice::from_ref(key))?;
    let checkpoint = staging.write(published.note(), "checkpoint")?;
    sources.push(public("ledger/checkpoint", checkpoint));
    journal(
        &dir.ledger().join("journal"),
        "ledger/journal",
        &staging,
        &mut sources,
    )?;
    journal(&dir.payloads(), "payloads", &staging, &mut sources)?;

    let entries = published.size();
    tiles(published.checkpoint(), published.minimum(), &mut sources);
    beside_the_tiles(&dir.ledger(), &mut sources)?;
    settings(dir, private_keys, &mut sources)?;
    tombstones(&dir.vault(), &mut sources)?;
    Ok(Collected {
        sources,
        entries,
        staging,
    })
}

/// Reads a tile at its width, or the beginning of the full one.
pub(crate) fn read_tile(ledger: &Path, tile: Tile) -> Result<Vec<u8>, Failure> {
    let path = ledger.join(tile.to_string());
    let failed = |path: &Path, error: io::Error| Failure::file("read", path, &error);
    match fs::read(&path) {
        Ok(bytes) => return Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !tile.is_full() => {}
        Err(error) => return Err(failed(&path, error)),
    }
    let full = Tile::new(tile.kind(), tile.index(), TILE_WIDTH).unwrap_or(tile);
    let path = ledger.join(full.to_string());
    let bytes = fs::read(&path).map_err(|error| failed(&path, error))?;
    let width = usize::from(tile.width());
    match tile.kind() {
        Kind::Hashes(_) => Ok(bytes.into_iter().take(width * HASH_BYTES).collect()),
        Kind::Entries => {
            let mut cut = Vec::new();
            for entry in bundle::entries(&bytes).take(width) {
                let pushed = entry.and_then(|entry| bundle::push(&mut cut, entry));
                pushed.map_err(|fault| {
                    Failure::new(
                        format!("`{}`: {fault}", path.display()),
                        "verify the ledger with `wardgate ledger verify`",
                    )
                })?;
            }
            Ok(cut)
        }
    }
}

/// The tiles of a tree, but those that lie below the minimum: they are not there any more.
fn tiles(checkpoint: &Checkpoint, minimum: u64, sources: &mut Vec<Source>) {
    let width = u64::from(TILE_WIDTH);
    let mut level = 0u8;
    let mut hashes = checkpoint.size;
    let mut span = width;
    while hashes > 0 {
        let mut index = minimum / span;
        while index * width < hashes {
            let wide = u16::try_from((hashes - index * width).min(width)).unwrap_or(TILE_WIDTH);
            let bundle = (level == 0).then_some(Kind::Entries);
            for kind in bundle.into_iter().chain([Kind::Hashes(level)]) {
                if let Some(tile) = Tile::new(kind, index, wide) {
                    sources.push(Source {
                        name: format!("ledger/{tile}"),
                        mode: 0o644,
                        content: Content::Tile(tile),
                    });
                }
            }
            index += 1;
        }
        hashes /= width;
        level += 1;
        span = span.saturating_mul(width);
    }
}

/// Closed segments as they are, and copies of the one that grows and of the small files beside.
fn journal(
    from: &Path,
    name: &str,
    staging: &Staging,
    sources: &mut Vec<Source>,
) -> Result<(), Failure> {
    let mut segments = Vec::new();
    let mut growing = Vec::new();
    for file in files::names(from)? {
        if file.ends_with(".seg") {
            segments.push(file);
        } else if !NOT_COPIED.contains(&file.as_str()) && from.join(&file).is_file() {
            growing.push(file);
        }
    }
    growing.extend(segments.pop());
    for segment in segments {
        sources.push(private(&format!("{name}/{segment}"), from.join(&segment)));
    }
    for file in growing {
        let staged = format!("{}-{file}", name.replace('/', "-"));
        let copy = staging.copy(&from.join(&file), &staged)?;
        sources.push(private(&format!("{name}/{file}"), copy));
    }
    Ok(())
}

/// What else a ledger directory holds that belongs to its history.
fn beside_the_tiles(ledger: &Path, sources: &mut Vec<Source>) -> Result<(), Failure> {
    for name in ["policy", "minimum", "epoch"] {
        let path = ledger.join(name);
        if path.is_file() {
            sources.push(public(&format!("ledger/{name}"), path));
        }
    }
    for folder in ["cosigned", "tsa"] {
        for name in files::names(&ledger.join(folder))? {
            let path = ledger.join(folder).join(&name);
            sources.push(public(&format!("ledger/{folder}/{name}"), path));
        }
    }
    Ok(())
}

/// Configuration and certificates. The passphrase is never among them.
fn settings(dir: &DataDir, private_keys: bool, sources: &mut Vec<Source>) -> Result<(), Failure> {
    sources.push(private("wardgate.yaml", dir.config_file()));
    sources.push(public("ledger.vkey", dir.ledger_key()));
    for name in files::names(&dir.tls())? {
        let path = dir.tls().join(&name);
        let text = fs::read(&path).map_err(|error| Failure::file("read", &path, &error))?;
        let secret = text
            .windows(PRIVATE_KEY.len())
            .any(|window| window == PRIVATE_KEY);
        let name = format!("tls/{name}");
        match (secret, private_keys) {
            (false, _) => sources.push(public(&name, path)),
            (true, true) => sources.push(private(&name, path)),
            (true, false) => {}
        }
    }
    Ok(())
}

/// What says that a patient's key was destroyed travels with the data, so that no key set can
/// bring it back.
fn tombstones(vault: &Path, sources: &mut Vec<Source>) -> Result<(), Failure> {
    for folder in ["patients", "shredding"] {
        for name in files::names_below(&vault.join(folder))? {
            let is_one = folder == "shredding" || name.ends_with(".shredded");
            if is_one && !files::is_draft(&name) {
                let name = format!("{folder}/{name}");
                let path = vault.join(&name);
                sources.push(private(&format!("vault/{name}"), path));
            }
        }
    }
    Ok(())
}

/// Opens a file of a backup and tells its length.
pub(crate) fn open(path: &Path) -> Result<(File, u64), Failure> {
    let opened = File::open(path).and_then(|file| {
        let bytes = file.metadata()?.len();
        Ok((file, bytes))
    });
    opened.map_err(|error| Failure::file("read", path, &error))
}

fn private(name: &str, path: PathBuf) -> Source {
    file(name, 0o600, path)
}

fn public(name: &str, path: PathBuf) -> Source {
    file(name, 0o644, path)
}

fn file(name: &str, mode: u32, path: PathBuf) -> Source {
    Source {
        name: name.to_owned(),
        mode,
        content: Content::File(path),
    }
}

/// Files that belong to a directory in use and not to what it holds.
const NOT_COPIED: [&str; 2] = ["lock", "reserve"];
const STAGING: &str = ".backup";
const STAGING_LOCK: &str = ".backup.lock";
const TILE_WIDTH: u16 = 256;
const HASH_BYTES: usize = 32;
const PRIVATE_KEY: &[u8] = b"PRIVATE KEY-----";
