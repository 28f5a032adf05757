//! The minimum index of a pruned log, as c2sp.org/tlog-tiles has it: entries below it may be gone.
//!
//! The file holds one decimal number and a newline. A directory without it has not been pruned.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Reads the minimum index of a ledger directory; 0 when it has not been pruned.
pub(crate) fn read(directory: &Path) -> io::Result<u64> {
    let file = match File::open(directory.join(MINIMUM_FILE)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    file.take(TEXT_BYTES_MAX + 1).read_to_string(&mut text)?;
    parse(&text).ok_or_else(|| {
        let what = "the minimum index is not a decimal number";
        io::Error::new(io::ErrorKind::InvalidData, what)
    })
}

/// Reads the one spelling that [`text`] writes.
fn parse(text: &str) -> Option<u64> {
    let number = text.strip_suffix('\n')?.parse().ok()?;
    (self::text(number) == text).then_some(number)
}

/// The content of the file.
pub(crate) fn text(minimum: u64) -> String {
    format!("{minimum}\n")
}

/// The file of the minimum index within the directory of the ledger.
pub(crate) const MINIMUM_FILE: &str = "minimum";

/// The digits of the largest number and the newline.
const TEXT_BYTES_MAX: u64 = 21;

#[cfg(test)]
mod tests {
    use super::*;

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
}
