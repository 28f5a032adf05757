//! The beginning of a file: preamble, file meta information, and how the data set behind them is encoded.

use std::io::{Cursor, Read, Seek};

use dicom_core::VR;
use flate2::read::DeflateDecoder;
use wardgate_deid::RecordFault;

use crate::element::{DataSet, Element, tags};
use crate::fault::{malformed, not_dicom, too_large};
use crate::reader::{read, read_meta};
use crate::source::Source;
use crate::syntax::{Encoding, Syntax};
use crate::writer::write_set;

/// Where a data set begins and how it is encoded.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    /// The first byte of the data set.
    pub(crate) at: usize,
    /// How it is encoded, as found.
    pub(crate) encoding: Encoding,
    /// The syntax in which it is written again.
    pub(crate) syntax: Syntax,
    /// (0002,0002), for files whose data set does not say its class.
    pub(crate) class: String,
    /// Whether it was inflated: `at` counts in what came out.
    pub(crate) inflated: Option<Vec<u8>>,
}

impl Head {
    /// Reads the beginning of a file, in whatever state it is.
    ///
    /// # Errors
    /// When the file is not DICOM, is a directory of files, or its syntax is not known.
    pub(crate) fn read<R: Read + Seek>(source: &Source<'_, R>) -> Result<Self, RecordFault> {
        let bytes = &source.buffer;
        let named = bytes.get(PREAMBLE..PREAMBLE + 4) == Some(MAGIC);
        let start = match named {
            true => PREAMBLE + 4,
            false if bytes.starts_with(MAGIC) => MAGIC.len(),
            false => unmarked(bytes),
        };
        let (meta, at) = match bytes.get(start..).unwrap_or_default() {
            [2, 0, _, 0, ..] => read_meta(bytes, start)?,
            _ => (DataSet::default(), start),
        };
        let label = meta.ascii(tags::TRANSFER_SYNTAX).into_owned();
        let class = meta.ascii(tags::META_CLASS).into_owned();
        if class == DIRECTORY {
            return Err(directory());
        }
        let rest = bytes.get(at..).unwrap_or_default();
        if Syntax::named(&label).deflated && Encoding::sniff(rest).is_none() {
            return Self::inflate(source, at, label, class);
        }
        let encoding = match Encoding::sniff(rest) {
            Some(encoding) => encoding,
            None if at > start && !label.is_empty() && !rest.is_empty() => {
                Syntax::named(&label).encoding
            }
            None if named || at > start => {
                return Err(malformed("no data set follows the head of the file", at));
            }
            None => return Err(not_dicom()),
        };
        Ok(Self {
            at,
            encoding,
            syntax: Syntax::found(&label, encoding),
            class,
            inflated: None,
        })
    }

    fn inflate<R: Read + Seek>(
        source: &Source<'_, R>,
        at: usize,
        label: String,
        class: String,
    ) -> Result<Self, RecordFault> {
        if source.is_partial() {
            return Err(too_large("the deflated file is too large"));
        }
        let rest = source.buffer.get(at..).unwrap_or_default();
        let mut inflated = Vec::new();
        let read = DeflateDecoder::new(rest)
            .take(INFLATED_BYTES_MAX + 1)
            .read_to_end(&mut inflated);
        if read.is_err() {
            return Err(malformed("the deflated data set is damaged", at));
        }
        if inflated.len() as u64 > INFLATED_BYTES_MAX {
            return Err(too_large("the deflated data set is too large"));
        }
        let syntax = Syntax::named(&label);
        Ok(Self {
            at: 0,
            encoding: Encoding::sniff(&inflated).unwrap_or(syntax.encoding),
            syntax,
            class,
            inflated: Some(inflated),
        })
    }
}

/// Where a file without the mark of DICOM begins: at once, behind a preamble, or behind a few blanks.
fn unmarked(bytes: &[u8]) -> usize {
    let blank = bytes
        .iter()
        .take(PREAMBLE)
        .take_while(|byte| matches!(byte, 0 | b' '));
    let starts = [0, PREAMBLE, blank.count()];
    let begins = |at: &usize| {
        let rest = bytes.get(*at..).unwrap_or_default();
        rest.starts_with(&[2, 0]) || Encoding::sniff(rest).is_some()
    };
    starts.into_iter().find(begins).unwrap_or_default()
}

/// Reads on until all that stands in front of the pixels is in memory.
///
/// # Errors
/// When that is too large.
pub(crate) fn fill<R: Read + Seek>(
    source: &mut Source<'_, R>,
    head: &Head,
) -> Result<(), RecordFault> {
    while source.is_partial() {
        match read(&source.buffer, head.at, head.encoding) {
            Err(fault) if fault.code() == "dicom.truncated" => source.grow()?,
            _ => break,
        }
    }
    Ok(())
}

/// The source that an inflated data set is.
pub(crate) fn inflated(bytes: Vec<u8>) -> Result<Source<'static, Cursor<Vec<u8>>>, RecordFault> {
    Source::open(Cursor::new(bytes))
}

/// Writes an empty preamble and new file meta information.
///
/// # Errors
/// When a UID is too long to be written.
pub(crate) fn write_head_of_file(
    out: &mut Vec<u8>,
    class: &str,
    instance: &str,
    syntax: &Syntax,
) -> Result<(), RecordFault> {
    let mut meta = DataSet::default();
    meta.put(Element::bytes(tags::META_VERSION, VR::OB, vec![0, 1]));
    for (tag, uid) in [
        (tags::META_CLASS, class),
        (tags::META_INSTANCE, instance),
        (tags::TRANSFER_SYNTAX, &syntax.uid),
        (tags::IMPLEMENTATION_CLASS, IMPLEMENTATION),
    ] {
        if !uid.is_empty() {
            meta.put(Element::text(tag, VR::UI, uid));
        }
    }
    meta.put(Element::text(tags::IMPLEMENTATION_VERSION, VR::SH, VERSION));
    let mut body = Vec::with_capacity(256);
    write_set(&mut body, &meta, Encoding::EXPLICIT)?;
    let len = u32::try_from(body.len()).map_err(|_| too_large("a UID is too long"))?;
    let length = DataSet {
        elements: vec![Element::bytes(
            tags::META_LENGTH,
            VR::UL,
            len.to_le_bytes().to_vec(),
        )],
    };
    out.resize(out.len() + PREAMBLE, 0);
    out.extend_from_slice(MAGIC);
    write_set(out, &length, Encoding::EXPLICIT)?;
    out.extend_from_slice(&body);
    Ok(())
}

pub(crate) fn directory() -> RecordFault {
    RecordFault::new(
        "dicom.directory",
        "the file is a DICOMDIR, which lists patients and the files of a medium",
        "leave it out, and make a new one over the de-identified files",
    )
}

pub(crate) const DIRECTORY: &str = "1.2.840.10008.1.3.10";
pub(crate) const PREAMBLE: usize = 128;
const MAGIC: &[u8] = b"DICM";
/// Of a deflated data set, pixels included; such files hold reports and small pictures.
const INFLATED_BYTES_MAX: u64 = 512 << 20;
/// Names this program as the writer (PS3.7 D.3.3.2), made once from a UUID (PS3.5 B.2).
const IMPLEMENTATION: &str = "2.25.244117520639317870154813206982650348877";
const VERSION: &str = "WARDGATE";
