//! The bytes of a file: its beginning in memory, the rest where it lies.

use std::borrow::Cow;
use std::io::{Cursor, Read, Seek, SeekFrom};

use wardgate_deid::RecordFault;

use crate::element::{Tag, tags};
use crate::fault::{malformed, too_large, truncated, unread};
use crate::pixels::{Fragment, PixelBytes};
use crate::reader::PixelElement;
use crate::syntax::Encoding;

/// A file, of which the beginning is in memory.
#[derive(Debug)]
pub(crate) struct Source<'b, R> {
    input: R,
    /// The first bytes; all of them in most files.
    pub(crate) buffer: Cow<'b, [u8]>,
    size: u64,
}

/// The pixels of a file, wherever they lie.
#[derive(Debug)]
pub(crate) struct FilePixels<'s, R> {
    input: &'s mut R,
    buffer: &'s [u8],
    /// Where the value begins in the file, and how long it is, delimiter and all.
    at: u64,
    len: u64,
    /// Fragments behind the offset table, and that table's item; of encapsulated pixels.
    fragments: Option<Vec<Fragment>>,
    table: Option<Fragment>,
    offsets: Vec<u64>,
}

impl<'b> Source<'b, Cursor<&'b [u8]>> {
    /// A file that is in memory as a whole.
    pub(crate) fn over(bytes: &'b [u8]) -> Self {
        Self {
            input: Cursor::new(bytes),
            buffer: Cow::Borrowed(bytes),
            size: bytes.len() as u64,
        }
    }
}

impl<R: Read + Seek> Source<'_, R> {
    /// Takes a file and reads its beginning.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn open(input: R) -> Result<Self, RecordFault> {
        Self::open_into(input, Vec::new())
    }

    /// The same with a buffer that was used before.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn open_into(mut input: R, mut buffer: Vec<u8>) -> Result<Self, RecordFault> {
        buffer.clear();
        let size = input.seek(SeekFrom::End(0)).map_err(unread)?;
        input.seek(SeekFrom::Start(0)).map_err(unread)?;
        let mut source = Self {
            input,
            buffer: Cow::Owned(buffer),
            size,
        };
        source.fill(size.min(FIRST_BYTES))?;
        Ok(source)
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn is_partial(&self) -> bool {
        (self.buffer.len() as u64) < self.size
    }

    /// Reads on, twice as far.
    ///
    /// # Errors
    /// When the data set in front of the pixels is too large to be held.
    pub(crate) fn grow(&mut self) -> Result<(), RecordFault> {
        let len = self.buffer.len() as u64;
        if len >= HEAD_BYTES_MAX {
            return Err(too_large(
                "the data set in front of the pixels is too large",
            ));
        }
        self.fill((len * 2).min(self.size).min(HEAD_BYTES_MAX))
    }

    /// The pixels, whose fragments are located; `buffer` is the beginning of the file.
    ///
    /// # Errors
    /// When the file ends within the pixels, or they are not made of fragments as they should be.
    pub(crate) fn pixels<'s>(
        &'s mut self,
        buffer: &'s [u8],
        element: PixelElement,
        encoding: Encoding,
    ) -> Result<FilePixels<'s, R>, RecordFault> {
        let size = self.size;
        let mut pixels = FilePixels {
            input: &mut self.input,
            buffer,
            at: element.at as u64,
            len: size.saturating_sub(element.at as u64),
            fragments: None,
            table: None,
            offsets: Vec::new(),
        };
        match element.len {
            Some(len) if u64::from(len) > pixels.len => Err(truncated(element.at)),
            Some(len) => {
                pixels.len = u64::from(len);
                Ok(pixels)
            }
            None => {
                pixels.locate(encoding)?;
                Ok(pixels)
            }
        }
    }

    fn fill(&mut self, len: u64) -> Result<(), RecordFault> {
        let more = len.saturating_sub(self.buffer.len() as u64);
        let buffer = self.buffer.to_mut();
        buffer.reserve_exact(usize::try_from(more).unwrap_or_default());
        let read = (&mut self.input).take(more).read_to_end(buffer);
        let read = read.map_err(unread)?;
        if (read as u64) < more {
            return Err(truncated(self.buffer.len()));
        }
        Ok(())
    }
}

impl<'s, R: Read + Seek> FilePixels<'s, R> {
    /// The item of the basic offset table.
    pub(crate) fn table(&self) -> Option<Fragment> {
        self.table
    }

    /// Whatever stands in the file behind the pixels, up to a limit.
    pub(crate) fn behind(&mut self, size: u64) -> Result<Vec<u8>, RecordFault> {
        let from = self.at + self.len;
        let len = size.saturating_sub(from);
        if len > TAIL_BYTES_MAX {
            return Err(too_large("the data behind the pixels is too large"));
        }
        let mut bytes = vec![0; usize::try_from(len).unwrap_or_default()];
        self.read_at(self.len, &mut bytes)?;
        Ok(bytes)
    }

    /// All bytes behind an offset of the value that are in memory.
    pub(crate) fn held_from(&self, offset: u64) -> &'s [u8] {
        let start = usize::try_from(self.at + offset).unwrap_or(usize::MAX);
        self.buffer.get(start..).unwrap_or_default()
    }

    fn in_memory(&self, offset: u64, len: u64) -> Option<&'s [u8]> {
        let start = usize::try_from(self.at + offset).ok()?;
        let end = start.checked_add(usize::try_from(len).ok()?)?;
        self.buffer.get(start..end)
    }

    fn locate(&mut self, encoding: Encoding) -> Result<(), RecordFault> {
        let limit = self.len;
        let mut fragments = Vec::new();
        let mut offset = 0;
        loop {
            let mut head = [0; 8];
            if offset + 8 > limit {
                return Err(self.cut(limit));
            }
            self.read_at(offset, &mut head)?;
            let (tag, len) = item(head, encoding);
            offset += 8;
            match tag {
                tags::ITEM if len != u32::MAX => {}
                tags::SEQUENCE_END => break,
                _ => {
                    let at = usize::try_from(self.at + offset).unwrap_or_default();
                    return Err(malformed(
                        "encapsulated pixels hold something besides fragments",
                        at,
                    ));
                }
            }
            if offset + u64::from(len) > limit {
                return Err(self.cut(limit));
            }
            fragments.push(Fragment { offset, len });
            if fragments.len() > FRAGMENTS_MAX {
                return Err(too_large("the pixels are cut into too many fragments"));
            }
            offset += u64::from(len);
        }
        self.len = offset;
        let mut fragments = fragments.into_iter();
        self.table = fragments.next();
        let fragments: Vec<Fragment> = fragments.collect();
        if let Some(table) = self.table {
            let mut bytes = vec![0; usize::try_from(table.len).unwrap_or_default()];
            self.read_at(table.offset, &mut bytes)?;
            let offsets = bytes.chunks_exact(4).filter_map(<[u8]>::first_chunk);
            let read = offsets.map(|bytes| match encoding.big_endian {
                true => u32::from_be_bytes(*bytes),
                false => u32::from_le_bytes(*bytes),
            });
            self.offsets = read.map(u64::from).collect();
        }
        self.fragments = Some(fragments);
        Ok(())
    }

    fn cut(&self, limit: u64) -> RecordFault {
        truncated(usize::try_from(self.at + limit).unwrap_or_default())
    }
}

impl<R: Read + Seek> PixelBytes for FilePixels<'_, R> {
    fn len(&self) -> u64 {
        self.len
    }

    fn fragments(&self) -> Option<&[Fragment]> {
        self.fragments.as_deref()
    }

    fn offsets(&self) -> &[u64] {
        &self.offsets
    }

    fn held(&self, offset: u64, len: u64) -> Option<&[u8]> {
        self.in_memory(offset, len)
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<(), RecordFault> {
        if let Some(held) = self.in_memory(offset, buffer.len() as u64) {
            buffer.copy_from_slice(held);
            return Ok(());
        }
        let at = self.at + offset;
        self.input.seek(SeekFrom::Start(at)).map_err(unread)?;
        self.input
            .read_exact(buffer)
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::UnexpectedEof => {
                    truncated(usize::try_from(at).unwrap_or_default())
                }
                _ => unread(error),
            })
    }
}

fn item(head: [u8; 8], encoding: Encoding) -> (Tag, u32) {
    let [a, b, c, d, len @ ..] = head;
    match encoding.big_endian {
        true => (
            Tag::new(u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])),
            u32::from_be_bytes(len),
        ),
        false => (
            Tag::new(u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])),
            u32::from_le_bytes(len),
        ),
    }
}

/// What is read of a file at once; most files are no longer.
const FIRST_BYTES: u64 = 4 << 20;
/// The data set in front of the pixels.
const HEAD_BYTES_MAX: u64 = 256 << 20;
/// What stands behind the pixels: digital signatures, padding.
const TAIL_BYTES_MAX: u64 = 16 << 20;
const FRAGMENTS_MAX: usize = 2_000_000;
