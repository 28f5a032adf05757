//! The epoch: who may write to a journal, where the lock alone does not tell.
//!
//! Every opening raises the number in the file and adds a random mark, in place. A writer looks
//! through a descriptor that it keeps open whether both are still its own, before it writes and
//! again before it acknowledges. So of two writers that both got past the lock, as may be on a
//! network file system, the earlier one notices. It notices as soon as the file system shows one
//! writer what another wrote; a cache that hides that hides the other writer too.

use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::rand;

use crate::disk::{Disk, DiskFile};
use crate::file;

/// The right to write, until another opening takes it.
pub(crate) struct Fence {
    state: Mutex<State>,
}

struct State {
    file: Box<dyn DiskFile>,
    epoch: u64,
    mark: [u8; MARK_BYTES],
}

/// Why a fence does not hold.
#[derive(Debug)]
pub(crate) enum FenceFault {
    /// Another opening has raised the epoch.
    Taken,
    /// The file does not read or write.
    Disk(io::Error),
}

impl Fence {
    /// Takes the right to write from whoever had it.
    ///
    /// The new epoch is above `above`, the highest that is known from elsewhere.
    pub(crate) fn take(disk: &dyn Disk, path: &Path, above: u64) -> io::Result<Self> {
        let file = match disk.open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                file::write_durably(disk, path, &line(above, &[0; MARK_BYTES]))?;
                disk.open(path)?
            }
            Err(error) => return Err(error),
        };
        let mut state = State {
            file,
            epoch: 0,
            mark: [0; MARK_BYTES],
        };
        let (found, _) = state.read()?;
        state.write(found.max(above).saturating_add(1))?;
        Ok(Self {
            state: Mutex::new(state),
        })
    }

    /// Whether the right is still this writer's.
    pub(crate) fn check(&self) -> Result<(), FenceFault> {
        self.lock().check()
    }

    /// Raises the epoch of the same writer, so that what it wrote before can be told apart.
    pub(crate) fn renew(&self) -> Result<u64, FenceFault> {
        let mut state = self.lock();
        state.check()?;
        let next = state.epoch.saturating_add(1);
        state.write(next).map_err(FenceFault::Disk)?;
        Ok(next)
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.lock().epoch
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Fence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fence")
            .field("epoch", &self.epoch())
            .finish_non_exhaustive()
    }
}

impl State {
    fn check(&self) -> Result<(), FenceFault> {
        match self.read() {
            Ok(found) if found == (self.epoch, self.mark) => Ok(()),
            Ok(_) => Err(FenceFault::Taken),
            // Half of another writer's line is another writer.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(FenceFault::Taken),
            Err(error) => Err(FenceFault::Disk(error)),
        }
    }

    fn read(&self) -> io::Result<(u64, [u8; MARK_BYTES])> {
        let mut bytes = [0; LINE_BYTES];
        self.file.read_at(&mut bytes, 0)?;
        parse(&bytes).ok_or_else(|| {
            let what = "the epoch file is damaged; it holds a number and a mark";
            io::Error::new(io::ErrorKind::InvalidData, what)
        })
    }

    fn write(&mut self, epoch: u64) -> io::Result<()> {
        let mut mark = [0; MARK_BYTES];
        rand::fill(&mut mark).map_err(|_| io::Error::other("no random bytes"))?;
        // One write within one sector: whole or not at all, to readers and to the disk.
        self.file.write_at(&line(epoch, &mark), 0)?;
        // What is in the file now is this writer's, also when the sync says otherwise.
        (self.epoch, self.mark) = (epoch, mark);
        self.file.sync_all()
    }
}

/// `epoch mark`, both at full length, the mark in hex.
fn line(epoch: u64, mark: &[u8; MARK_BYTES]) -> Vec<u8> {
    format!("{epoch:020} {:032x}\n", u128::from_be_bytes(*mark)).into_bytes()
}

fn parse(bytes: &[u8; LINE_BYTES]) -> Option<(u64, [u8; MARK_BYTES])> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (epoch, mark) = text.strip_suffix('\n')?.split_once(' ')?;
    let epoch = epoch.parse().ok()?;
    let mark = u128::from_str_radix(mark, 16).ok()?.to_be_bytes();
    (line(epoch, &mark) == bytes).then_some((epoch, mark))
}

/// The name of the file of the epoch.
pub(crate) const EPOCH_FILE: &str = "epoch";

const MARK_BYTES: usize = 16;
/// 20 digits, a space, 32 digits, a newline.
const LINE_BYTES: usize = 54;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::FileSystem;

    #[test]
    fn a_later_opening_takes_the_right_from_the_earlier() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(EPOCH_FILE);
        let first = Fence::take(&FileSystem, &path, 0).unwrap();
        assert_eq!(first.epoch(), 1);
        assert!(first.check().is_ok());
        assert_eq!(first.renew().unwrap(), 2);
        let second = Fence::take(&FileSystem, &path, 0).unwrap();
        assert_eq!(second.epoch(), 3);
        assert!(matches!(first.check(), Err(FenceFault::Taken)));
        assert!(matches!(first.renew(), Err(FenceFault::Taken)));
        assert!(second.check().is_ok());
        let third = Fence::take(&FileSystem, &path, 10).unwrap();
        assert_eq!(third.epoch(), 11);
    }

    /// Two that read the same number and write the same next one differ in their marks.
    #[test]
    fn the_same_number_from_another_writer_does_not_pass() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(EPOCH_FILE);
        let fence = Fence::take(&FileSystem, &path, 0).unwrap();
        std::fs::write(&path, line(1, &[7; MARK_BYTES])).unwrap();
        assert!(matches!(fence.check(), Err(FenceFault::Taken)));
        std::fs::write(&path, b"garbage").unwrap();
        assert!(fence.check().is_err());
        assert!(Fence::take(&FileSystem, &path, 0).is_err());
    }
}
