//! Small files that are there whole or not at all, even after a power loss.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Replaces or makes a file, durable on return.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    let temporary = PathBuf::from(name);
    let mut file = File::create(&temporary)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    drop(file);
    if let Err(error) = written.and_then(|()| fs::rename(&temporary, path)) {
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    File::open(parent)?.sync_all()
}

/// The numbers in the names of a directory's files, `<number><suffix>`, ascending.
///
/// A directory that is not there has none.
pub(crate) fn numbered(directory: &Path, suffix: &str) -> io::Result<Vec<u64>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut numbers = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(suffix));
        // One number has one name.
        let number = number.and_then(|text| {
            let number: u64 = text.parse().ok()?;
            (number.to_string() == text).then_some(number)
        });
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Which of ascending numbers go when there are more than `max`: every second one of the older
/// half, so that the newest all stay and older ones lie further and further apart.
pub(crate) fn thin(numbers: &[u64], max: usize) -> Vec<u64> {
    if numbers.len() <= max {
        return Vec::new();
    }
    let older = numbers.get(..numbers.len() / 2).unwrap_or_default();
    // The very first one stays.
    older.iter().skip(1).step_by(2).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_come_few_stay_the_first_and_the_newest_among_them() {
        let mut kept: Vec<u64> = Vec::new();
        for number in 0..10_000 {
            kept.push(number);
            let gone = thin(&kept, 64);
            kept.retain(|number| !gone.contains(number));
            assert!(kept.len() <= 64);
            let newest = kept.iter().rev().zip((0..=number).rev());
            assert!(newest.take(24).all(|(kept, number)| *kept == number));
        }
        assert_eq!(kept[0], 0);
    }

    #[test]
    fn only_one_spelling_of_a_number_counts() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["7.tsr", "12.tsr", "07.tsr", "+7.tsr", "x.tsr", "9.tsr.tmp"] {
            write(&directory.path().join(name), b"").unwrap();
        }
        assert_eq!(numbered(directory.path(), ".tsr").unwrap(), [7, 12]);
        assert!(
            numbered(&directory.path().join("none"), "")
                .unwrap()
                .is_empty()
        );
    }
}
