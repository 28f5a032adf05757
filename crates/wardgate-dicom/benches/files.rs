//! What a file costs in CPU time, with and without the second look, when patients are few and when each file has
//! another patient.
//!
//! Takes the files of the folder in `WARDGATE_DICOM_FILES`, or three that are made here. `WARDGATE_DICOM_RUN` picks
//! one of the runs, from 0.
#![expect(clippy::print_stdout, reason = "a benchmark tells its figures")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark may stop"
)]

use std::fs;
use std::io::Cursor;
use std::sync::Arc;

use wardgate_deid::{Day, Engine, Profile, ProjectKey, RecordRules};
use wardgate_dicom::{FileDeidentifier, Options};

fn main() {
    let files = match std::env::var_os("WARDGATE_DICOM_FILES") {
        Some(folder) => {
            let paths = fs::read_dir(folder)
                .unwrap()
                .map(|file| file.unwrap().path());
            paths.map(|path| fs::read(path).unwrap()).collect()
        }
        None => vec![made(512, 32), made(64, 2), made(512, 500)],
    };
    let runs = [
        (true, false, false),
        (false, false, false),
        (false, false, true),
        (false, true, false),
        (false, true, true),
        (true, true, false),
    ];
    let only = std::env::var("WARDGATE_DICOM_RUN");
    let only: Option<usize> = only.ok().map(|run| run.parse().unwrap());
    let runs = runs.into_iter().enumerate();
    for (_, (looked, verified, fresh)) in
        runs.filter(|(run, _)| only.is_none_or(|only| *run == only))
    {
        let deidentifier = deidentifier(looked);
        let started = cpu_seconds();
        let (mut count, mut bytes) = (0_u32, 0);
        let mut input = Vec::new();
        while cpu_seconds() - started < SECONDS {
            for file in &files {
                count += 1;
                input.clone_from(file);
                if fresh {
                    renumber(&mut input, count);
                }
                let mut output = Vec::with_capacity(input.len() + 4096);
                if deidentifier.file(Cursor::new(&input), &mut output).is_err() {
                    continue;
                }
                if verified {
                    let found = deidentifier.verify(Cursor::new(&input), Cursor::new(&output));
                    assert!(!found.unwrap().any());
                }
                bytes += input.len();
            }
        }
        let seconds = cpu_seconds() - started;
        println!(
            "pixels looked at {looked:5}, verified {verified:5}, another patient each {fresh:5}: {:.0} files, {:.0} MB a CPU second",
            f64::from(count) / seconds,
            bytes as f64 / 1e6 / seconds,
        );
    }
}

fn deidentifier(looked: bool) -> FileDeidentifier {
    let profile = Profile::safe_harbor();
    let options = Options {
        clean_pixel_data: looked,
        ..Options::of(&profile)
    };
    let as_of = Day::new(2026, 11, 30).unwrap();
    let rules = RecordRules::new(Engine::new(), profile, ProjectKey::new([7; 32]), as_of);
    FileDeidentifier::new(Arc::new(rules), options)
}

/// Writes another number over the patient's, of the same length.
fn renumber(file: &mut [u8], number: u32) {
    let at = file.windows(6).position(|six| six == b"\x10\0\x20\0LO");
    let Some(at) = at else { return };
    let len = usize::from(u16::from_le_bytes([file[at + 6], file[at + 7]]));
    let new = format!("{number:0len$}");
    file[at + 8..at + 8 + len].copy_from_slice(&new.as_bytes()[..len]);
}

/// A picture with the attributes that a scanner writes.
fn made(side: u16, frames: u32) -> Vec<u8> {
    let mut out = vec![0; 128];
    out.extend_from_slice(b"DICM");
    let mut put = |group: u16, element: u16, vr: &[u8; 2], value: &[u8]| {
        out.extend_from_slice(&group.to_le_bytes());
        out.extend_from_slice(&element.to_le_bytes());
        out.extend_from_slice(vr);
        if vr == b"OW" {
            out.extend_from_slice(&[0, 0]);
            out.extend_from_slice(&u32::try_from(value.len()).unwrap().to_le_bytes());
        } else {
            out.extend_from_slice(&u16::try_from(value.len()).unwrap().to_le_bytes());
        }
        out.extend_from_slice(value);
    };
    put(2, 0x10, b"UI", b"1.2.840.10008.1.2.1\0");
    put(8, 0x16, b"UI", b"1.2.840.10008.5.1.4.1.1.2\0");
    put(8, 0x18, b"UI", b"1.2.826.0.1.3680043.2.1143.1\0\0");
    for element in 0x20..0x24 {
        put(8, element, b"DA", b"20240312");
    }
    put(8, 0x60, b"CS", b"CT");
    put(8, 0x70, b"LO", b"Example Imaging ");
    put(8, 0x80, b"LO", b"Alder Grove Clinic");
    put(8, 0x1030, b"LO", b"Abdomen with contrast ");
    put(0x10, 0x10, b"PN", b"Schoenfeld^Maria");
    put(0x10, 0x20, b"LO", b"WG-0044127");
    put(0x10, 0x30, b"DA", b"19570304");
    for element in 0..64 {
        put(0x18, 0x1100 + element, b"DS", b"12.5");
    }
    put(0x28, 0x10, b"US", &side.to_le_bytes());
    put(0x28, 0x11, b"US", &side.to_le_bytes());
    put(0x28, 0x100, b"US", &8_u16.to_le_bytes());
    put(
        0x7fe0,
        0x10,
        b"OW",
        &vec![0x55; 1024 * usize::try_from(frames).unwrap()],
    );
    out
}

/// Time of this process in user and system mode.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    let ticks = |at: usize| fields[at].parse::<f64>().unwrap();
    (ticks(11) + ticks(12)) / 100.0
}

const SECONDS: f64 = 2.0;
