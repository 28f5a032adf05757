//! The edge to the disk: what the writer does with a segment file.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::frame::SegmentHeader;
use crate::file;

/// A segment that is being written.
pub(super) trait SegmentFile: Send {
    /// Writes all bytes at an offset.
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Returns when everything written is on disk.
    fn sync(&mut self) -> io::Result<()>;
}

/// Makes the segments that the writer asks for.
pub(super) trait Disk: Send {
    /// Creates a segment, durable with its header, and opens it for writing.
    fn create(&mut self, path: &Path, header: SegmentHeader) -> io::Result<Box<dyn SegmentFile>>;
}

/// The file system.
pub(super) struct FileSystem;

impl Disk for FileSystem {
    fn create(&mut self, path: &Path, header: SegmentHeader) -> io::Result<Box<dyn SegmentFile>> {
        file::write_durably(path, &header.to_bytes())?;
        Ok(Box::new(File::options().write(true).open(path)?))
    }
}

impl SegmentFile for File {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        FileExt::write_all_at(self, bytes, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}
