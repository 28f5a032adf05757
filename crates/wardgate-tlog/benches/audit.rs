//! How fast a whole log is checked on one core, and what a proof costs.
//!
//! The files are in memory, so that this measures the check and not the disk.
#![expect(clippy::expect_used, reason = "a benchmark may stop")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use wardgate_tlog::audit::{Files, Trust, audit_export, audit_log};
use wardgate_tlog::bundle;
use wardgate_tlog::checkpoint::Checkpoint;
use wardgate_tlog::manifest::{Manifest, file_hash};
use wardgate_tlog::note::Signer;
use wardgate_tlog::tile::{Kind, Tile};
use wardgate_tlog::tree::{Frontier, Hash, check_inclusion, inclusion_proof, leaf_hash};

const RECORDS: u64 = 65_536;
const RECORD_BYTES: usize = 1024;
const FULL: u16 = 256;

fn checks(criterion: &mut Criterion) {
    let (mut log, root) = log();
    let keys = signer().verifier_keys().cloned().collect();
    let trust = Trust::new(keys, None).expect("two keys");
    let mut group = criterion.benchmark_group("audit");
    group.throughput(Throughput::Elements(RECORDS));
    group.sample_size(10);
    group.bench_function("records of 1 KiB", |bencher| {
        bencher.iter(|| audit_log(&mut log, &trust).expect("it verifies").size);
    });
    let mut export = Memory(log.0.clone());
    export.manifest();
    group.bench_function("records of 1 KiB in an export", |bencher| {
        bencher.iter(|| audit_export(&mut export, &trust).expect("it verifies").size);
    });
    group.finish();

    let leaf = leaf_hash(&entry(40_000));
    criterion.bench_function("proof made and checked", |bencher| {
        bencher.iter(|| {
            let mut read = |level: u8, range: std::ops::Range<u64>| {
                let tile = Tile::new(Kind::Hashes(level), range.start / 256, FULL);
                let bytes = log.0.get(&tile.expect("a tile").to_string());
                let (hashes, _) = bytes.expect("it is there").as_chunks::<32>();
                let start = (range.start % 256) as usize;
                let end = start + (range.end - range.start) as usize;
                Ok::<Vec<Hash>, Infallible>(hashes.get(start..end).unwrap_or_default().to_vec())
            };
            let Ok(path) = inclusion_proof(40_000, RECORDS, &mut read);
            assert!(check_inclusion(&leaf, 40_000, RECORDS, &path, &root));
            black_box(path.len())
        });
    });
}

struct Memory(BTreeMap<String, Vec<u8>>);

impl Memory {
    fn manifest(&mut self) {
        let hashed = |(name, bytes): (&String, &Vec<u8>)| (name.clone(), file_hash(bytes));
        let manifest = Manifest {
            origin: signer().name().to_owned(),
            minimum: 0,
            files: self.0.iter().map(hashed).collect(),
        };
        let note = manifest.sign(&signer()).expect("good paths");
        self.0.insert("MANIFEST".to_owned(), note.into_bytes());
    }
}

impl Files for Memory {
    type Fault = Infallible;

    fn read(&mut self, path: &str, _: u64) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.0.get(path).cloned())
    }

    fn list(&mut self) -> Result<Vec<String>, Infallible> {
        Ok(self.0.keys().cloned().collect())
    }
}

fn signer() -> Signer {
    let signer = Signer::from_seed("bench.example/log", &[1; 32]).expect("a signer");
    signer.with_ml_dsa_44(&[2; 32]).expect("a second key")
}

fn entry(index: u64) -> Vec<u8> {
    let mut entry = vec![b'x'; RECORD_BYTES];
    entry
        .iter_mut()
        .zip(index.to_be_bytes())
        .for_each(|(to, from)| *to = from);
    entry
}

/// A log of whole tiles and its root.
fn log() -> (Memory, Hash) {
    let mut files = BTreeMap::new();
    let mut frontier = Frontier::new();
    let mut bundle = Vec::new();
    for index in 0..RECORDS {
        let entry = entry(index);
        bundle::push(&mut bundle, &entry).expect("it is short");
        frontier.push(leaf_hash(&entry), &mut |full| {
            let mut put = |kind, bytes: Vec<u8>| {
                let tile = Tile::new(kind, full.index, FULL).expect("a tile");
                files.insert(tile.to_string(), bytes);
            };
            let hashes = full.hashes.as_flattened().to_vec();
            put(Kind::Hashes(full.level), hashes);
            if full.level == 0 {
                put(Kind::Entries, std::mem::take(&mut bundle));
            }
        });
    }
    for (row, level) in frontier.levels().iter().zip(0u8..) {
        let width = u16::try_from(row.len()).expect("it is narrow");
        if let Some(tile) = Tile::new(Kind::Hashes(level), 0, width) {
            files.insert(tile.to_string(), row.as_flattened().to_vec());
        }
    }
    let (origin, root) = (signer().name().to_owned(), frontier.root());
    let checkpoint = Checkpoint {
        origin,
        size: RECORDS,
        root,
    };
    let note = checkpoint.sign(&signer(), 1).expect("it signs");
    files.insert("checkpoint".to_owned(), note.into_bytes());
    (Memory(files), root)
}

criterion_group!(audit, checks);
criterion_main!(audit);
