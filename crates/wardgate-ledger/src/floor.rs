//! A durable number that only ever rises: below it something has been given up for good.
//!
//! The file holds one decimal number and a newline. No file means 0.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::disk::Disk;
use crate::file;

/// Reads the number; 0 when there is no file.
pub(crate) fn read(path: &Path) -> io::Result<u64> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    file.take(TEXT_BYTES_MAX + 1).read_to_string(&mut text)?;
    parse(&text).ok_or_else(|| {
        let what = "the file does not hold one decimal number";
        io::Error::new(io::ErrorKind::InvalidData, what)
    })
}

/// Raises the number durably; never lowers it. Returns what it is then.
pub(crate) fn raise(disk: &dyn Disk, path: &Path, to: u64) -> io::Result<u64> {
    let now = read(path)?;
    if to > now {
        file::write_durably(disk, path, text(to).as_bytes())?;
    }
    Ok(now.max(to))
}

/// Reads the one spelling that [`text`] writes.
fn parse(text: &str) -> Option<u64> {
    let number = text.strip_suffix('\n')?.parse().ok()?;
    (self::text(number) == text).then_some(number)
}

fn text(number: u64) -> String {
    format!("{number}\n")
}

/// The digits of the largest number and the newline.
const TEXT_BYTES_MAX: u64 = 21;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::FileSystem;

    #[test]
    fn only_one_spelling_reads() {
        for number in [0, 7, 256, u64::MAX] {
            assert_eq!(parse(&text(number)), Some(number));
        }
        for other in [
            "",
            "1",
            "01\n",
            "+1\n",
            "-1\n",
            "1\n\n",
            " 1\n",
            "18446744073709551616\n",
        ] {
            assert_eq!(parse(other), None, "{other:?}");
        }
    }

    #[test]
    fn it_only_rises() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("floor");
        assert_eq!(read(&path).unwrap(), 0);
        assert_eq!(raise(&FileSystem, &path, 5).unwrap(), 5);
        assert_eq!(raise(&FileSystem, &path, 3).unwrap(), 5);
        assert_eq!(read(&path).unwrap(), 5);
    }
}
