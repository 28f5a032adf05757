use std::collections::BTreeMap;
use std::convert::Infallible;

use proptest::prelude::*;

use super::*;
use crate::bundle;
use crate::cosignature::Cosigner;
use crate::manifest::{MANIFEST_FILE, Manifest};
use crate::note::{NoteFault, Signer};
use crate::tile::{Kind, Tile};
use crate::tree::{Frontier, FullTile, TILE_WIDTH, leaf_hash};

type Map = BTreeMap<String, Vec<u8>>;

#[test]
fn whole_logs_verify() {
    for size in [
        0, 1, 2, 255, 256, 257, 511, 512, 700, 65_536, 65_537, 66_000,
    ] {
        let mut log = log(size);
        let audited = audit_log(&mut log, &keys()).unwrap();
        assert_eq!((audited.size, audited.first), (size, 0));
        assert_eq!((audited.minimum, audited.older), (0, 0));
        assert_eq!((audited.accepted, audited.files), (None, 0));
        assert_eq!(audited.origin, "log.example");
        let mut export = export(log, 0);
        let audited = audit_export(&mut export, &keys()).unwrap();
        assert_eq!(audited.files as usize, export.0.len() - 1);
    }
}

#[test]
fn the_first_bad_entry_is_named() {
    let whole = log(700);
    for (file, at, index) in [
        ("tile/entries/000", 2, 0),
        ("tile/entries/000", 40, 3),
        ("tile/entries/002.p/188", 2, 512),
        ("tile/0/001", 0, 256),
        ("tile/0/001", 8191, 511),
        ("tile/0/002.p/188", 32 * 7, 519),
        ("tile/1/000.p/2", 32, 256),
    ] {
        let mut log = whole.clone();
        log.flip(file, at);
        let fault = audit_log(&mut log, &keys()).unwrap_err();
        assert_eq!(fault.index(), Some(index), "{file} at {at}: {fault}");
    }
}

#[test]
fn missing_cut_and_longer_files_are_refused() {
    let whole = log(700);
    let files: Vec<String> = whole.0.keys().cloned().collect();
    for file in files {
        let mut less = whole.clone();
        less.0.remove(&file);
        let fault = audit_log(&mut less, &keys()).unwrap_err();
        match file.as_str() {
            CHECKPOINT_FILE => assert_eq!(fault, AuditFault::NoCheckpoint),
            _ => assert!(fault.to_string().ends_with("is missing"), "{fault}"),
        }
        for change in [-33isize, -32, -1, 1, 32] {
            let mut other = whole.clone();
            let bytes = other.0.get_mut(&file).unwrap();
            let length = bytes.len().checked_add_signed(change).unwrap();
            bytes.resize(length, 0);
            assert!(audit_log(&mut other, &keys()).is_err(), "{file} {change}");
        }
    }
}

#[test]
fn entries_that_fit_only_each_other_do_not_make_the_root() {
    let mut forged = log(3);
    let checkpoint = forged.0[CHECKPOINT_FILE].clone();
    forged = log_of((0..3).map(|at| entry(at + 7)));
    forged.0.insert(CHECKPOINT_FILE.to_owned(), checkpoint);
    assert_eq!(
        audit_log(&mut forged, &keys()),
        Err(AuditFault::Root { size: 3 })
    );
}

#[test]
fn other_versions_and_foreign_files_are_judged() {
    let (whole, smaller, larger) = (log(700), log(300), log(1000));
    // A partial tile of an earlier size may still be there, if it is right.
    let mut more = whole.clone();
    for file in ["tile/0/001.p/44", "tile/entries/001.p/44", "tile/1/000.p/1"] {
        let bytes = smaller.0[file].clone();
        more.0.insert(file.to_owned(), bytes);
    }
    assert!(audit_log(&mut more.clone(), &keys()).is_ok());
    for (file, at, index) in [
        ("tile/0/001.p/44", 64, 258),
        ("tile/entries/001.p/44", 2, 256),
        ("tile/1/000.p/1", 0, 0),
    ] {
        let mut flipped = more.clone();
        flipped.flip(file, at);
        let fault = audit_log(&mut flipped, &keys()).unwrap_err();
        assert_eq!(fault.index(), Some(index), "{file}");
        let mut cut = more.clone();
        cut.0.get_mut(file).unwrap().pop();
        assert!(audit_log(&mut cut, &keys()).is_err(), "{file}");
    }
    // What no signature covers does not belong there.
    for file in [
        "tile/0/002",
        "tile/entries/002",
        "tile/0/003.p/232",
        "tile/1/000.p/3",
    ] {
        let mut more = whole.clone();
        more.0.insert(file.to_owned(), larger.0[file].clone());
        let expected = AuditFault::Foreign {
            file: file.to_owned(),
        };
        assert_eq!(audit_log(&mut more, &keys()), Err(expected));
    }
    let mut more = whole;
    more.0.insert("tile/notes.txt".to_owned(), Vec::new());
    let fault = audit_log(&mut more, &keys()).unwrap_err();
    assert_eq!(
        fault.to_string(),
        "`tile/notes.txt` does not belong to the log"
    );
    more.0.remove("tile/notes.txt");
    more.0.insert("README.txt".to_owned(), Vec::new());
    assert!(audit_log(&mut more, &keys()).is_ok());
}

#[test]
fn the_checkpoint_needs_all_keys() {
    let mut older = log(5);
    let text = older.0[CHECKPOINT_FILE].clone();
    let text = Note::parse(&text).unwrap().unchecked_text().to_owned();
    let one = signer().sign(&text);
    older.0.insert(CHECKPOINT_FILE.to_owned(), one.into_bytes());
    assert_eq!(
        audit_log(&mut older, &keys()),
        Err(AuditFault::Checkpoint(NoteFault::NotSigned.into()))
    );
    let first = Trust::new(vec![signer().verifier_key().clone()], None).unwrap();
    assert!(audit_log(&mut older, &first).is_ok());
    let stranger = Signer::from_seed("log.example", &[1; 32]).unwrap();
    let stranger = Trust::new(vec![stranger.verifier_key().clone()], None).unwrap();
    assert_eq!(
        audit_log(&mut log(5), &stranger),
        Err(AuditFault::Checkpoint(NoteFault::NotSigned.into()))
    );
    assert!(Trust::new(Vec::new(), None).is_none());
    let no_log = Policy::parse(b"quorum none\n").unwrap();
    assert!(Trust::new(Vec::new(), Some(no_log)).is_none());
}

#[test]
fn a_policy_may_stand_for_the_keys() {
    let (signer, witness) = (signer(), Cosigner::ed25519("w.example", &[5; 32]).unwrap());
    let logs = format!("log {}\n", signer.vkey());
    let lines = format!("witness w {}\nquorum w\n", witness.verifier_key());
    let policy = |text: String| Some(Policy::parse(text.as_bytes()).unwrap());
    let whole = policy(format!("{logs}{lines}"));
    let trust = Trust::new(Vec::new(), whole.clone()).unwrap();
    let mut log = log(700);
    let too_few = AuditFault::Policy(Rejection::Quorum { witnesses: 0 });
    assert_eq!(audit_log(&mut log, &trust), Err(too_few));
    // An older checkpoint that the witness has seen is enough, and says how far.
    let earlier = self::log(300).0[CHECKPOINT_FILE].clone();
    let text = Note::parse(&earlier).unwrap().unchecked_text().to_owned();
    let mut cosigned = String::from_utf8(earlier).unwrap();
    cosigned.push_str(&witness.cosign(&text, 9).unwrap());
    let cosigned = cosigned.into_bytes();
    log.0.insert("cosigned/300".to_owned(), cosigned);
    let audited = audit_log(&mut log, &trust).unwrap();
    assert_eq!((audited.accepted, audited.older), (Some(300), 1));
    // A policy without logs is about the log of the keys.
    let trust = Trust::new(vec![signer.verifier_key().clone()], policy(lines)).unwrap();
    assert_eq!(audit_log(&mut log, &trust).unwrap().accepted, Some(300));
    let trust = Trust::new(Vec::new(), policy(format!("{logs}quorum none\n"))).unwrap();
    assert_eq!(audit_log(&mut log, &trust).unwrap().accepted, Some(700));
    let both = Trust::new(keys().keys, whole).unwrap();
    assert_eq!(audit_log(&mut log, &both).unwrap().accepted, Some(300));
    let at = log.0["cosigned/300"].len() - 10;
    log.flip("cosigned/300", at);
    assert!(audit_log(&mut log, &both).is_err());
}

#[test]
fn older_checkpoints_must_be_of_this_tree() {
    let mut whole = log(700);
    for (file, size) in [
        ("cosigned/0", 0),
        ("cosigned/1", 1),
        ("cosigned/300", 300),
        ("tsa/300.checkpoint", 300),
        ("tsa/700.checkpoint", 700),
    ] {
        let note = log(size).0[CHECKPOINT_FILE].clone();
        whole.0.insert(file.to_owned(), note);
    }
    assert_eq!(audit_log(&mut whole, &keys()).unwrap().older, 5);
    let other = log_of((0..300).map(|at| entry(at + 1))).0[CHECKPOINT_FILE].clone();
    let fork = |file: &str| {
        let file = file.to_owned();
        Err(AuditFault::Fork { file })
    };
    let mut forked = whole.clone();
    forked.0.insert("cosigned/299".to_owned(), other);
    assert_eq!(audit_log(&mut forked, &keys()), fork("cosigned/299"));
    let mut ahead = whole.clone();
    let larger = log(701).0[CHECKPOINT_FILE].clone();
    ahead.0.insert("cosigned/701".to_owned(), larger);
    assert_eq!(audit_log(&mut ahead, &keys()), fork("cosigned/701"));
    let mut unsigned = whole.clone();
    let note = b"log.example\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\xe2\x80\x94 x AAAAAAA=\n";
    unsigned.0.insert("cosigned/0".to_owned(), note.to_vec());
    let fault = audit_log(&mut unsigned, &keys()).unwrap_err();
    assert!(matches!(fault, AuditFault::Older { .. }), "{fault}");
    // Other names there are no checkpoints.
    whole.0.insert("cosigned/01".to_owned(), Vec::new());
    whole.0.insert("tsa/300.tsr".to_owned(), Vec::new());
    assert_eq!(audit_log(&mut whole, &keys()).unwrap().older, 5);
}

#[test]
fn pruned_logs_verify_as_far_as_they_go() {
    for (size, minimum, first) in [
        (700, 1, 0),
        (700, 256, 256),
        (700, 511, 256),
        (700, 699, 512),
        (700, 700, 512),
        (512, 512, 512),
        (70_000, 65_536, 65_536),
        (70_000, 66_000, 65_792),
        (70_000, 69_999, 69_888),
    ] {
        // Only the leaves, then all that may go.
        for all in [false, true] {
            let pruned = pruned(size, minimum, all);
            let audited = audit_log(&mut pruned.clone(), &keys()).unwrap();
            let found = (audited.size, audited.minimum, audited.first);
            assert_eq!(found, (size, minimum, first));
            let mut export = export(pruned, minimum);
            assert_eq!(audit_export(&mut export, &keys()).unwrap().first, first);
        }
        let mut denied = log(size);
        denied.0.insert(MINIMUM_FILE.to_owned(), number(minimum));
        assert_eq!(audit_log(&mut denied, &keys()).unwrap().first, first);
    }
}

#[test]
fn what_a_pruned_log_still_has_must_fit() {
    let mut whole = log(70_000);
    whole.0.insert(MINIMUM_FILE.to_owned(), number(66_000));
    for (file, index) in [
        ("tile/entries/003", 768),
        ("tile/0/003", 768),
        ("tile/1/000", 0),
        ("tile/1/001.p/17", 65_536),
        ("tile/2/000.p/1", 0),
        ("tile/entries/258", 66_048),
    ] {
        let mut flipped = whole.clone();
        flipped.flip(file, 9);
        let fault = audit_log(&mut flipped, &keys()).unwrap_err();
        let root = fault == AuditFault::Root { size: 70_000 };
        assert!(root || fault.index() == Some(index), "{file}: {fault}");
        let mut short = whole.clone();
        short.0.get_mut(file).unwrap().truncate(16);
        assert!(audit_log(&mut short, &keys()).is_err(), "{file}");
    }
    // A tile that nothing ties to the root does not count.
    let mut untied = pruned(70_000, 66_000, true);
    let tile = whole.0["tile/0/003"].clone();
    untied.0.insert("tile/0/003".to_owned(), tile);
    assert!(audit_log(&mut untied, &keys()).is_err());
    let mut partial = pruned(70_000, 66_000, false);
    partial.0.insert("tile/0/003.p/9".to_owned(), vec![0; 288]);
    assert!(audit_log(&mut partial, &keys()).is_err());
    // Entries from the bundle of the minimum index on must be there.
    let mut less = pruned(70_000, 66_000, false);
    less.0.remove("tile/entries/257");
    assert_eq!(
        audit_log(&mut less, &keys()).unwrap_err().index(),
        Some(65_792)
    );
    let mut none = log(5);
    for bad in [
        &b""[..],
        b"1",
        b"x\n",
        b"6\n",
        b"\xff\n",
        b"0000000000000000000001\n",
    ] {
        none.0.insert(MINIMUM_FILE.to_owned(), bad.to_vec());
        assert!(audit_log(&mut none, &keys()).is_err(), "{bad:?}");
    }
    none.0.insert(MINIMUM_FILE.to_owned(), number(5));
    assert!(audit_log(&mut none, &keys()).is_ok());
}

#[test]
fn an_export_is_what_its_manifest_lists() {
    let mut whole = log(300);
    whole.0.insert("README.txt".to_owned(), b"hello".to_vec());
    whole.0.insert("tsa/300.tsr".to_owned(), b"stamp".to_vec());
    let whole = export(whole, 0);
    assert!(audit_export(&mut whole.clone(), &keys()).is_ok());
    let audit = |change: &dyn Fn(&mut Map)| {
        let mut other = whole.clone();
        change(&mut other.0);
        audit_export(&mut other, &keys()).unwrap_err()
    };
    let file = "README.txt".to_owned();
    let insert =
        |file: &'static str| move |map: &mut Map| drop(map.insert(file.to_owned(), vec![]));
    assert_eq!(
        audit(&insert("README.txt")),
        AuditFault::Changed { file: file.clone() }
    );
    assert_eq!(
        audit(&|map| drop(map.remove("README.txt"))),
        AuditFault::Missing { file }
    );
    let file = "more.txt".to_owned();
    assert_eq!(audit(&insert("more.txt")), AuditFault::Unlisted { file });
    assert_eq!(
        audit(&|map| drop(map.remove(MANIFEST_FILE))),
        AuditFault::NoManifest
    );
    // An entry says more than its file.
    assert_eq!(
        audit(&|map| map.get_mut("tile/entries/000").unwrap()[3] ^= 1).index(),
        Some(0)
    );
    // The tree does not need this file, but the manifest does.
    let spaced = audit(&|map| {
        map.get_mut("checkpoint")
            .unwrap()
            .extend_from_slice(b"\xe2\x80\x94 x AAAAAAA=\n")
    });
    assert_eq!(
        spaced,
        AuditFault::Changed {
            file: "checkpoint".to_owned()
        }
    );
    let second = Trust::new(vec![signer().ml_dsa_44_key().unwrap().clone()], None).unwrap();
    assert_eq!(
        audit_export(&mut whole.clone(), &second),
        Err(AuditFault::Manifest(ManifestFault::Note(
            NoteFault::NotSigned
        )))
    );
}

#[test]
fn manifest_and_checkpoint_are_of_one_log() {
    let other = Signer::from_seed("other.example", &[9; 32]).unwrap();
    let mut export = export(log(3), 0);
    let mut manifest = read_manifest(&export);
    manifest.origin = "other.example".to_owned();
    let note = manifest.sign(&other).unwrap();
    export.0.insert(MANIFEST_FILE.to_owned(), note.into_bytes());
    let text = format!(
        "log {}\nlog {}\nquorum none\n",
        signer().vkey(),
        other.vkey()
    );
    let policy = Policy::parse(text.as_bytes()).unwrap();
    let trust = Trust::new(Vec::new(), Some(policy)).unwrap();
    assert_eq!(audit_export(&mut export, &trust), Err(AuditFault::Origins));
}

#[test]
fn bundles_of_the_longest_entries_are_read() {
    let mut log = log_of((0..256).map(|at| vec![at as u8; bundle::ENTRY_BYTES_MAX]));
    assert_eq!(audit_log(&mut log, &keys()).unwrap().size, 256);
}

#[test]
fn every_fault_has_a_hint() {
    let file = || "f".to_owned();
    let hint = |fault: AuditFault<Infallible>| fault.hint();
    assert_eq!(hint(AuditFault::NoCheckpoint), "check the path");
    assert_eq!(hint(AuditFault::NoManifest), "check the path");
    let not_signed = NoteFault::NotSigned.into();
    assert!(hint(AuditFault::Checkpoint(not_signed)).contains("keys"));
    let policy = AuditFault::Policy(Rejection::Log);
    assert_eq!(hint(policy), Rejection::Log.hint());
    let fork = hint(AuditFault::Fork { file: file() });
    assert!(fork.contains("investigation"));
    assert_eq!(
        AuditFault::Read("broken").hint(),
        "check that the files can be read"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn one_flipped_bit_in_any_file_is_found(file: prop::sample::Index, at: prop::sample::Index, bit in 0u8..8) {
        let mut export = export_of_600();
        let names: Vec<String> = export.0.keys().cloned().collect();
        let file = &names[file.index(names.len())];
        let bytes = export.0.get_mut(file).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(audit_export(&mut export, &keys()).is_err(), "{} at {}", file, at);
    }
}

fn export_of_600() -> Memory {
    static EXPORT: std::sync::OnceLock<Memory> = std::sync::OnceLock::new();
    EXPORT.get_or_init(|| export(log(600), 0)).clone()
}

#[derive(Clone, Debug)]
struct Memory(Map);

impl Memory {
    fn flip(&mut self, file: &str, at: usize) {
        self.0.get_mut(file).unwrap()[at] ^= 4;
    }
}

impl Files for Memory {
    type Fault = Infallible;

    fn read(&mut self, path: &str, bytes_max: u64) -> Result<Option<Vec<u8>>, Infallible> {
        let cut = |bytes: &Vec<u8>| {
            let length = bytes.len().min(bytes_max.saturating_add(1) as usize);
            bytes[..length].to_vec()
        };
        Ok(self.0.get(path).map(cut))
    }

    fn list(&mut self) -> Result<Vec<String>, Infallible> {
        Ok(self.0.keys().cloned().collect())
    }
}

fn signer() -> Signer {
    let signer = Signer::from_seed("log.example", &[7; 32]).unwrap();
    signer.with_ml_dsa_44(&[8; 32]).unwrap()
}

fn keys() -> Trust {
    Trust::new(signer().verifier_keys().cloned().collect(), None).unwrap()
}

fn entry(index: u64) -> Vec<u8> {
    format!("entry {index} {}", "x".repeat(index as usize % 30)).into_bytes()
}

fn log(size: u64) -> Memory {
    log_of((0..size).map(entry))
}

fn log_of(entries: impl Iterator<Item = Vec<u8>>) -> Memory {
    let mut map = Map::new();
    let mut frontier = Frontier::new();
    let mut bundle = Vec::new();
    for entry in entries {
        bundle::push(&mut bundle, &entry).unwrap();
        frontier.push(
            leaf_hash(&entry),
            &mut |FullTile {
                      level,
                      index,
                      hashes,
                  }| {
                let name = |kind| {
                    Tile::new(kind, index, TILE_WIDTH as u16)
                        .unwrap()
                        .to_string()
                };
                map.insert(name(Kind::Hashes(level)), hashes.as_flattened().to_vec());
                if level == 0 {
                    map.insert(name(Kind::Entries), std::mem::take(&mut bundle));
                }
            },
        );
    }
    let size = frontier.size();
    for (row, level) in frontier.levels().iter().zip(0u8..) {
        let index = (size >> (8 * u32::from(level))) / 256;
        let name = |kind| Tile::new(kind, index, row.len() as u16).map(|tile| tile.to_string());
        if let Some(name) = name(Kind::Hashes(level)) {
            map.insert(name, row.as_flattened().to_vec());
        }
        if let Some(name) = name(Kind::Entries).filter(|_| level == 0) {
            map.insert(name, bundle.clone());
        }
    }
    let checkpoint = Checkpoint {
        origin: "log.example".to_owned(),
        size,
        root: frontier.root(),
    };
    let note = checkpoint.sign(&signer(), 77).unwrap();
    map.insert(CHECKPOINT_FILE.to_owned(), note.into_bytes());
    Memory(map)
}

fn number(number: u64) -> Vec<u8> {
    format!("{number}\n").into_bytes()
}

/// A log without what may go; of the hashes only level 0 unless `all`.
fn pruned(size: u64, minimum: u64, all: bool) -> Memory {
    let mut log = log(size);
    log.0.retain(|name, _| {
        let Some(tile) = Tile::parse(name).filter(Tile::is_full) else {
            return true;
        };
        let (level, may_go) = match tile.kind() {
            Kind::Entries => (0, true),
            Kind::Hashes(level) => (level, all || level == 0),
        };
        !may_go || (tile.index() + 1) << (8 * (u32::from(level) + 1)) > minimum
    });
    log.0.insert(MINIMUM_FILE.to_owned(), number(minimum));
    log
}

fn export(mut log: Memory, minimum: u64) -> Memory {
    log.0.remove(MINIMUM_FILE);
    let hashed = |(name, bytes): (&String, &Vec<u8>)| (name.clone(), file_hash(bytes));
    let manifest = Manifest {
        origin: "log.example".to_owned(),
        minimum,
        files: log.0.iter().map(hashed).collect(),
    };
    let note = manifest.sign(&signer()).unwrap();
    log.0.insert(MANIFEST_FILE.to_owned(), note.into_bytes());
    log
}

fn read_manifest(export: &Memory) -> Manifest {
    Manifest::open(&export.0[MANIFEST_FILE], [signer().verifier_key()]).unwrap()
}
