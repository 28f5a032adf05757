//! A file of two gigabytes goes through sixty-four megabytes of memory.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::process::Command;

use wardgate_deid::Profile;

use crate::made::{EXPLICIT, Form, Made};
use crate::scene::files;

/// A file whose head is in memory and whose pixels are zeros that stand nowhere.
struct Virtual {
    head: Vec<u8>,
    len: u64,
    at: u64,
}

impl Read for Virtual {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let at = usize::try_from(self.at).unwrap();
        let left = usize::try_from(self.len - self.at).unwrap();
        let rest = self.head.get(at..).unwrap_or_default();
        let read = match rest.is_empty() {
            true => {
                let read = buffer.len().min(left);
                buffer[..read].fill(0);
                read
            }
            false => {
                let read = buffer.len().min(rest.len());
                buffer[..read].copy_from_slice(&rest[..read]);
                read
            }
        };
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Virtual {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(by) => self.len.checked_add_signed(by).unwrap(),
            SeekFrom::Current(by) => self.at.checked_add_signed(by).unwrap(),
        };
        Ok(self.at)
    }
}

#[derive(Default)]
struct Counted(u64);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// In a process of its own, so that no other test is counted.
#[test]
fn two_gigabytes_take_little_memory() {
    if std::env::var_os(INSIDE).is_none() {
        let program = std::env::current_exe().unwrap();
        let run = Command::new(program)
            .args(["--exact", "large::two_gigabytes_take_little_memory"])
            .env(INSIDE, "1")
            .status();
        assert!(run.unwrap().success());
        return;
    }
    let mut head = Made::usual(Form::Explicit)
        .number(0x0028_0010, 1000)
        .number(0x0028_0011, 1000)
        .number(0x0028_0100, 8)
        .put(0x0028_0008, "IS", "2000")
        .file(EXPLICIT);
    head.extend_from_slice(b"\xe0\x7f\x10\0OW\0\0");
    head.extend_from_slice(&PIXELS.to_le_bytes());
    let file = Virtual {
        len: head.len() as u64 + u64::from(PIXELS),
        head,
        at: 0,
    };
    let mut output = Counted::default();
    files(Profile::safe_harbor())
        .file(file, &mut output)
        .unwrap();
    assert!(output.0 > u64::from(PIXELS));
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let Some(peak) = peak else { return };
    let kilobytes: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    println!("peak: {kilobytes} kB");
    assert!(kilobytes < 64 << 10, "{kilobytes} kB");
}

const PIXELS: u32 = 2_000_000_000;
const INSIDE: &str = "WARDGATE_LARGE_FILE";
