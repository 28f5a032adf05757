//! A disk for tests: a closure sees every operation and may fail it, or hold it up.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// What was asked of the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    CreateDirectory,
    Create,
    Open,
    Read,
    Rename,
    Link,
    Remove,
    RemoveDirectory,
    SyncDirectory,
    Write,
    ReadAt,
    SyncData,
    SyncAll,
    SetLength,
    Allocate,
    Fill,
}

/// Whether an operation is about to be done or has been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Before,
    After,
}

type Watch = dyn Fn(When, Op, &Path) -> io::Result<()> + Send + Sync;

/// The file system, watched. Syncs are only pretended unless they are asked to be real.
#[derive(Clone)]
pub(crate) struct FakeDisk {
    watch: Arc<Watch>,
    syncs: bool,
}

struct FakeFile {
    below: Box<dyn DiskFile>,
    path: Box<Path>,
    disk: FakeDisk,
}

impl FakeDisk {
    /// A disk on which `watch` sees each operation before and after it is done.
    pub(crate) fn new(
        watch: impl Fn(When, Op, &Path) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self {
            watch: Arc::new(watch),
            syncs: false,
        }
    }

    /// The same with real syncs.
    pub(crate) fn with_syncs(self) -> Self {
        Self {
            syncs: true,
            ..self
        }
    }

    fn sync(&self, sync: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        if self.syncs { sync() } else { Ok(()) }
    }

    fn around<T>(
        &self,
        op: Op,
        path: &Path,
        work: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        (self.watch)(When::Before, op, path)?;
        let done = work()?;
        (self.watch)(When::After, op, path)?;
        Ok(done)
    }

    fn file(&self, path: &Path, below: Box<dyn DiskFile>) -> Box<dyn DiskFile> {
        Box::new(FakeFile {
            below,
            path: path.into(),
            disk: self.clone(),
        })
    }
}

impl fmt::Debug for FakeDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeDisk")
    }
}

impl Disk for FakeDisk {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        self.around(Op::CreateDirectory, path, || {
            FileSystem.create_directory(path)
        })
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = self.around(Op::Create, path, || FileSystem.create(path))?;
        Ok(self.file(path, file))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = self.around(Op::Open, path, || FileSystem.open(path))?;
        Ok(self.file(path, file))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.around(Op::Read, path, || FileSystem.read(path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.around(Op::Rename, to, || FileSystem.rename(from, to))
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.around(Op::Link, to, || FileSystem.link(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.around(Op::Remove, path, || FileSystem.remove(path))
    }

    fn remove_directory(&self, path: &Path) -> io::Result<()> {
        self.around(Op::RemoveDirectory, path, || {
            FileSystem.remove_directory(path)
        })
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.around(Op::SyncDirectory, path, || {
            self.sync(|| FileSystem.sync_directory(path))
        })
    }
}

impl DiskFile for FakeFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        // A write that fails may have been half done.
        let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
        if let Err(error) = (self.disk.watch)(When::Before, Op::Write, &self.path) {
            let _ = self.below.write_at(half, offset);
            return Err(error);
        }
        self.below.write_at(bytes, offset)?;
        (self.disk.watch)(When::After, Op::Write, &self.path)
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        self.disk
            .around(Op::ReadAt, &self.path, || self.below.read_at(bytes, offset))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk.around(Op::SyncData, &self.path, || {
            self.disk.sync(|| self.below.sync_data())
        })
    }

    fn sync_all(&self) -> io::Result<()> {
        self.disk.around(Op::SyncAll, &self.path, || {
            self.disk.sync(|| self.below.sync_all())
        })
    }

    fn set_length(&self, bytes: u64) -> io::Result<()> {
        self.disk
            .around(Op::SetLength, &self.path, || self.below.set_length(bytes))
    }

    fn allocate(&self, range: Range<u64>) -> io::Result<()> {
        self.disk
            .around(Op::Allocate, &self.path, || self.below.allocate(range))
    }

    fn fill(&self, range: Range<u64>) -> io::Result<()> {
        self.disk
            .around(Op::Fill, &self.path, || self.below.fill(range))
    }
}

/// Counts operations, to strike at some of them.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicUsize);

impl Count {
    /// Counts one more; whether it is within the range, which starts at 1.
    pub(crate) fn strikes(&self, nth: usize, times: usize) -> bool {
        let now = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        now >= nth && now - nth < times
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Input/output error.
pub(crate) const EIO: i32 = 5;
/// No space left on the device.
pub(crate) const ENOSPC: i32 = 28;
