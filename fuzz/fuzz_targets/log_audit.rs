//! A whole export with files changed, cut, added and removed: it verifies only when it is as it was.

#![no_main]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use wardgate_tlog::audit::{Files, Trust, audit_export, audit_log};
use wardgate_tlog::bundle;
use wardgate_tlog::checkpoint::Checkpoint;
use wardgate_tlog::manifest::{Manifest, file_hash};
use wardgate_tlog::note::Signer;
use wardgate_tlog::tile::{Kind, Tile};
use wardgate_tlog::tree::{Frontier, leaf_hash};

const ENTRIES: u64 = 300;

fuzz_target!(|input: &[u8]| {
    let whole = export();
    let mut changed = whole.clone();
    for change in input.chunks(5) {
        let [kind, file, high, low, value] = change else {
            break;
        };
        let names: Vec<String> = changed.0.keys().cloned().collect();
        let Some(name) = names.get(usize::from(*file) % names.len().max(1)) else {
            break;
        };
        let at = usize::from(u16::from_be_bytes([*high, *low]));
        let bytes = changed.0.get_mut(name).expect("it is listed");
        match kind % 4 {
            0 => {
                let at = at % bytes.len().max(1);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= value;
                }
            }
            1 => bytes.resize(at, *value),
            2 => drop(changed.0.remove(name)),
            _ => drop(
                changed
                    .0
                    .insert(format!("tile/{value}/{at:03}"), vec![*value; at]),
            ),
        }
    }
    let verified = audit_export(&mut changed, trust()).is_ok();
    assert_eq!(verified, changed.0 == whole.0);
    // Without the manifest there is more that may differ, but nothing may go wrong.
    let _ = audit_log(&mut changed, trust());
});

#[derive(Clone)]
struct Memory(BTreeMap<String, Vec<u8>>);

impl Files for Memory {
    type Fault = Infallible;

    fn read(&mut self, path: &str, _: u64) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.0.get(path).cloned())
    }

    fn list(&mut self) -> Result<Vec<String>, Infallible> {
        Ok(self.0.keys().cloned().collect())
    }
}

fn trust() -> &'static Trust {
    static TRUST: OnceLock<Trust> = OnceLock::new();
    TRUST.get_or_init(|| {
        let key = signer().verifier_key().clone();
        Trust::new(vec![key], None).expect("a key")
    })
}

fn signer() -> Signer {
    Signer::from_seed("log.example", &[7; 32]).expect("a signer")
}

fn export() -> &'static Memory {
    static EXPORT: OnceLock<Memory> = OnceLock::new();
    EXPORT.get_or_init(|| {
        let mut files = BTreeMap::from([("README.txt".to_owned(), b"hello".to_vec())]);
        let mut frontier = Frontier::new();
        let mut pending = Vec::new();
        for index in 0..ENTRIES {
            let entry = index.to_le_bytes();
            bundle::push(&mut pending, &entry).expect("it is short");
            frontier.push(leaf_hash(&entry), &mut |full| {
                let name = |kind| {
                    Tile::new(kind, full.index, 256)
                        .expect("a tile")
                        .to_string()
                };
                let hashes = full.hashes.as_flattened().to_vec();
                files.insert(name(Kind::Hashes(full.level)), hashes);
                files.insert(name(Kind::Entries), std::mem::take(&mut pending));
            });
        }
        let part = |kind, index, width: usize| {
            let width = u16::try_from(width).expect("it is narrow");
            Tile::new(kind, index, width).expect("a tile").to_string()
        };
        let [leaves, roots] = frontier.levels() else {
            return Memory(files);
        };
        files.insert(part(Kind::Entries, 1, leaves.len()), pending);
        let hashes = leaves.as_flattened().to_vec();
        files.insert(part(Kind::Hashes(0), 1, leaves.len()), hashes);
        let hashes = roots.as_flattened().to_vec();
        files.insert(part(Kind::Hashes(1), 0, roots.len()), hashes);
        let checkpoint = Checkpoint {
            origin: "log.example".to_owned(),
            size: ENTRIES,
            root: frontier.root(),
        };
        let note = checkpoint.sign(&signer(), 0).expect("it signs");
        files.insert("checkpoint".to_owned(), note.into_bytes());
        let hashed = |(name, bytes): (&String, &Vec<u8>)| (name.clone(), file_hash(bytes));
        let manifest = Manifest {
            origin: "log.example".to_owned(),
            minimum: 0,
            files: files.iter().map(hashed).collect(),
        };
        let note = manifest.sign(&signer()).expect("good paths");
        files.insert("MANIFEST".to_owned(), note.into_bytes());
        Memory(files)
    })
}
