//! Brings many files to the disk with one wait for it.
//!
//! Waiting for each file alone costs far more than writing it: a file system that is told of all at once writes
//! what lies together in one go, and has the disk empty its cache once. On Linux that is `syncfs`, which is known to
//! wait for the data, and to tell of a failure, since version 5.8 and on the file systems that are named here;
//! everywhere else each file is brought to the disk by itself.

use std::fs::File;
use std::path::Path;

/// A wait for the disk that stands behind all files that are written after it was made.
pub(crate) struct Barrier {
    /// A folder of the file system. It is opened before anything is written, because a failure is told to those
    /// who held the file system open when it came.
    folder: File,
    device: u64,
}

impl Barrier {
    /// One for files below a folder that are not written yet; nothing where files have to be waited for one by one.
    pub(crate) fn before(folder: &Path) -> Option<Self> {
        let folder = File::open(folder).ok()?;
        let device = device(&folder)?;
        linux::is_told(&folder).then_some(Self { folder, device })
    }

    /// Waits until files are on the disk, and says for each whether it surely is.
    pub(crate) fn pass<'f>(&self, files: impl Iterator<Item = &'f File>) -> Vec<bool> {
        let mut synced: Vec<bool> = files
            .map(|file| device(file) == Some(self.device))
            .collect();
        if synced.contains(&true) && !linux::sync(&self.folder) {
            synced.fill(false);
        }
        synced
    }
}

/// The file system on which a file lies.
fn device(file: &File) -> Option<u64> {
    use std::os::unix::fs::MetadataExt as _;
    file.metadata().ok().map(|metadata| metadata.dev())
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::{self, File};
    use std::sync::LazyLock;

    /// Whether a wait for the whole file system stands for one for each file, and tells of failures.
    pub(super) fn is_told(folder: &File) -> bool {
        let kind = rustix::fs::fstatfs(folder).map(|found| u32::try_from(found.f_type));
        *NEW_ENOUGH && matches!(kind, Ok(Ok(kind)) if FILE_SYSTEMS.contains(&kind))
    }

    pub(super) fn sync(folder: &File) -> bool {
        rustix::fs::syncfs(folder).is_ok()
    }

    static NEW_ENOUGH: LazyLock<bool> = LazyLock::new(|| {
        let release = fs::read_to_string("/proc/sys/kernel/osrelease");
        release.is_ok_and(|release| is_new_enough(&release))
    });

    /// Whether a version of Linux is 5.8 or later.
    pub(super) fn is_new_enough(release: &str) -> bool {
        let mut parts = release.split(|c: char| !c.is_ascii_digit());
        let mut next = || parts.next()?.parse::<u32>().ok();
        next().zip(next()).is_some_and(|version| version >= (5, 8))
    }

    /// ext2 to ext4, XFS, Btrfs, F2FS, and the one in memory, by the numbers of `linux/magic.h`.
    const FILE_SYSTEMS: [u32; 5] = [
        0x0000_ef53,
        0x5846_5342,
        0x9123_683e,
        0xf2f5_2010,
        0x0102_1994,
    ];
}

#[cfg(not(target_os = "linux"))]
mod linux {
    use std::fs::File;

    pub(super) fn is_told(_: &File) -> bool {
        false
    }

    pub(super) fn sync(_: &File) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_another_file_system_are_waited_for_alone() {
        let dir = tempfile::tempdir().unwrap();
        let Some(barrier) = Barrier::before(dir.path()) else {
            return;
        };
        let here = File::create(dir.path().join("here")).unwrap();
        assert_eq!(barrier.pass([&here].into_iter()), [true]);
        let elsewhere = File::open("/proc/self/stat");
        if let Ok(elsewhere) = elsewhere {
            assert_eq!(barrier.pass([&elsewhere, &here].into_iter()), [false, true]);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn versions_are_compared_as_numbers() {
        for (release, new) in [
            ("5.8.0", true),
            ("5.10.1-lts", true),
            ("6.18.44-x\n", true),
            ("5.7.19", false),
            ("4.19", false),
            ("", false),
            ("x", false),
        ] {
            assert_eq!(linux::is_new_enough(release), new, "{release}");
        }
    }
}
