//! The edge to the disk: what the writer does with a segment file.

use std::fs::File;
use std::io;
use std::ops::Range;
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
    /// Fills a range behind the end with zeros.
    ///
    /// A sync of bytes that the file already has costs a third less than one that makes it
    /// longer, because the file system has nothing to note down beside them.
    fn reserve(&mut self, range: Range<u64>) -> io::Result<()>;
    /// Ends the file here, durably.
    fn truncate(&mut self, bytes: u64) -> io::Result<()>;
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

    fn reserve(&mut self, range: Range<u64>) -> io::Result<()> {
        let bytes = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or_default();
        FileExt::write_all_at(self, &vec![0; bytes], range.start)
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        self.set_len(bytes)?;
        self.sync_all()
    }
}
