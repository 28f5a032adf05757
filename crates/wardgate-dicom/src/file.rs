//! De-identifies one file: the data set in memory, the pixels streamed past.

mod facts;
mod stream;

use std::borrow::Cow;
use std::io::{Read, Seek, Write};
use std::sync::{Arc, Mutex, PoisonError};

use dicom_core::VR;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use wardgate_deid::{Found, Operation, RecordFault, RecordRules, Sex, Tally};

use crate::charset::CharacterSet;
use crate::clean::{Cleaner, UNICODE};
use crate::devices::Devices;
use crate::element::{DataSet, Element, Tag, tags};
use crate::fault::{too_large, unwritten};
use crate::head::{self, DIRECTORY, Head};
use crate::identity::Identity;
use crate::marker;
use crate::options::Options;
use crate::pixels::{self, Blanked, PixelBytes, PixelOutcome, PixelTreatment};
use crate::reader::{self, PixelElement};
use crate::source::{FilePixels, Source};
use crate::subject::{Subject, Subjects};
use crate::syntax::{EXPLICIT, Syntax};
use crate::table::TABLE;
use crate::verify::{self, Seekers};
use crate::writer::{write_head, write_set};

/// De-identifies DICOM files under one set of rules; threads share it.
///
/// ```
/// use std::io::Cursor;
/// use std::sync::{Arc, Mutex, PoisonError};
/// use wardgate_deid::{Day, Engine, Profile, ProjectKey, RecordRules};
/// use wardgate_dicom::{FileDeidentifier, Options};
///
/// let profile = Profile::safe_harbor();
/// let options = Options::of(&profile);
/// let as_of = Day::new(2026, 11, 30).ok_or("no such day")?;
/// let rules = RecordRules::new(Engine::exact_only(), profile, ProjectKey::new([7; 32]), as_of);
/// let files = FileDeidentifier::new(Arc::new(rules), options);
///
/// // A data set of one name and one number of rows, without a head.
/// let input = b"\x10\0\x10\0PN\x0c\0Schmidt^Anna\x28\0\x10\0US\x02\0\x40\0";
/// let mut output = Vec::new();
/// let cleaned = files.file(Cursor::new(&input[..]), &mut output)?;
/// assert_eq!(cleaned.edition, "2025a");
/// assert!(!files.verify(Cursor::new(&input[..]), Cursor::new(&output))?.any());
/// assert!(!String::from_utf8_lossy(&output).contains("Schmidt"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FileDeidentifier {
    pub(crate) subjects: Subjects,
    pub(crate) options: Options,
    devices: Devices,
    pub(crate) seekers: Seekers,
    pub(crate) buffers: Buffers,
}

/// Memory that files were read into, for the next ones.
#[derive(Debug, Default)]
pub(crate) struct Buffers(Mutex<Vec<Vec<u8>>>);

/// What was done to a file.
#[derive(Clone, Debug)]
pub struct CleanedFile {
    /// Operations by attribute.
    pub tally: Tally,
    /// The edition of PS3.15 whose table decided.
    pub edition: &'static str,
    /// The options that were on.
    pub options: Options,
    /// What became of the pixels.
    pub pixels: Pixels,
}

/// What became of the pixels of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pixels {
    /// The file has none.
    None,
    /// They are as they were, and nobody looked at them.
    Unexamined,
    /// They are as they were: nothing was found in them.
    Examined,
    /// So many areas were blanked.
    Blanked(u64),
}

impl FileDeidentifier {
    /// A de-identifier under rules and options; [`Options::of`] gives those of a profile.
    #[must_use]
    pub fn new(rules: Arc<RecordRules>, options: Options) -> Self {
        Self {
            subjects: Subjects::new(rules),
            options,
            devices: Devices::shipped(),
            seekers: Seekers::default(),
            buffers: Buffers::default(),
        }
    }

    /// The same with rules by device instead of those that ship.
    #[must_use]
    pub fn with_devices(mut self, devices: Devices) -> Self {
        self.devices = devices;
        self
    }

    /// Reads a file and writes its de-identified form.
    ///
    /// At a fault, what was written so far is no DICOM file that anybody should see: write to a temporary file,
    /// and give it its name when this has returned well.
    ///
    /// # Errors
    /// When the file is truncated, malformed, too large or no DICOM file, when its pixels or its document
    /// cannot be cleaned, and when reading or writing fails.
    pub fn file(
        &self,
        input: impl Read + Seek,
        output: impl Write,
    ) -> Result<CleanedFile, RecordFault> {
        self.opened(Source::open_into(input, self.buffers.take())?, output)
    }

    /// The same for a file that is in memory as a whole.
    ///
    /// # Errors
    /// Those of [`Self::file`].
    pub fn bytes(&self, input: &[u8], output: impl Write) -> Result<CleanedFile, RecordFault> {
        self.opened(Source::over(input), output)
    }

    fn opened<R: Read + Seek>(
        &self,
        mut source: Source<'_, R>,
        mut output: impl Write,
    ) -> Result<CleanedFile, RecordFault> {
        let mut head = Head::read(&source)?;
        match head.inflated.take() {
            Some(bytes) => {
                let mut inflated = head::inflated(bytes)?;
                let buffer = std::mem::take(&mut inflated.buffer);
                self.cleaned(&mut inflated, &buffer, head, &mut output)
            }
            None => {
                head::fill(&mut source, &head)?;
                let buffer = std::mem::take(&mut source.buffer);
                let cleaned = self.cleaned(&mut source, &buffer, head, &mut output);
                self.buffers.give_back(buffer);
                cleaned
            }
        }
    }

    /// Reads input and output again and looks for what identified somebody in the input.
    ///
    /// It shares the reader of data elements with [`Self::file`] and nothing else: it gathers identifiers by a
    /// walk of its own, and looks at every value and every byte of the output.
    ///
    /// # Errors
    /// When either cannot be read, or the output has an attribute that the profile removes
    /// (`dicom.profile_violation`).
    pub fn verify(
        &self,
        input: impl Read + Seek,
        output: impl Read + Seek,
    ) -> Result<Found, RecordFault> {
        let input = Source::open_into(input, self.buffers.take())?;
        verify::verify(self, input, || {
            Source::open_into(output, self.buffers.take())
        })
    }

    /// The same for files that are in memory as a whole.
    ///
    /// # Errors
    /// Those of [`Self::verify`].
    pub fn verify_bytes(&self, input: &[u8], output: &[u8]) -> Result<Found, RecordFault> {
        verify::verify(self, Source::over(input), || Ok(Source::over(output)))
    }

    fn cleaned<R: Read + Seek>(
        &self,
        source: &mut Source<'_, R>,
        buffer: &[u8],
        mut head: Head,
        output: &mut dyn Write,
    ) -> Result<CleanedFile, RecordFault> {
        let size = source.size();
        let read = reader::read(buffer, head.at, head.encoding)?;
        let class = read.set.ascii(tags::SOP_CLASS).into_owned();
        if class == DIRECTORY {
            return Err(head::directory());
        }
        let charset = CharacterSet::DEFAULT;
        let identity = Identity::of(&read.set, charset);
        let subject = self.subjects.of(&identity);
        let mut pixels = match read.pixels {
            Some(element) => Some((element, source.pixels(buffer, element, head.encoding)?)),
            None => None,
        };
        let (mut outcome, mut tail) = (None, Vec::new());
        if let Some((element, bytes)) = &mut pixels {
            settle_syntax(&mut head.syntax, &read.set, *element, bytes)?;
            // Before the pixels are looked at, which takes long when there are many.
            tail = bytes.behind(size)?;
            outcome = Some(self.judged(&read.set, &head, *element, bytes)?);
        }
        // What cannot be read behind the pixels is not a part of the data set, and goes.
        let tail = reader::read_tail(&tail, head.encoding).unwrap_or_default();
        let (mut set, tail, tally) = self.sets(&subject, &read.set, &tail)?;
        let examined = match &outcome {
            Some(PixelOutcome::Pass { examined }) => *examined,
            Some(PixelOutcome::Blank(_)) => true,
            None => false,
        };
        let profile = self.subjects.rules().profile().id();
        marker::mark(&mut set, &self.options, profile, examined);
        if let Some(PixelOutcome::Blank(blanked)) = &outcome
            && let Some(decoded) = &blanked.decoded
        {
            head.syntax = Syntax::named(EXPLICIT);
            marker::mark_decoded(&mut set, &self.options, decoded);
        }
        let mut done = CleanedFile {
            tally,
            edition: TABLE.edition(),
            options: self.options,
            pixels: left(outcome.as_ref()),
        };
        let whole = Whole {
            class: if class.is_empty() {
                &head.class
            } else {
                &class
            },
            set: &set,
            tail: &tail,
        };
        let scrubbed = self.write(output, &head, &whole, pixels.as_mut(), outcome.as_ref())?;
        if scrubbed > 0 {
            done.tally
                .note("comments in compressed pixels", Operation::Emptied);
        }
        if let Some(PixelOutcome::Blank(blanked)) = &outcome {
            note_blanked(&mut done.tally, blanked);
        }
        Ok(done)
    }

    /// Cleans the data set and what stands behind its pixels, in the file's own character set where that can be.
    fn sets<'a>(
        &self,
        subject: &Subject,
        set: &DataSet<'a>,
        tail: &DataSet<'a>,
    ) -> Result<(DataSet<'a>, DataSet<'a>, Tally), RecordFault> {
        let charset = CharacterSet::DEFAULT;
        let own = match set.element(tags::CHARACTER_SET) {
            Some(element) => CharacterSet::read(&element.ascii()).unwrap_or(charset),
            None => charset,
        };
        let clean = |unicode| {
            let mut cleaner = Cleaner::new(&self.subjects, subject, &self.options);
            cleaner.unicode = unicode;
            cleaner.sex = sex(set);
            let cleaned = cleaner.set(set, charset)?;
            let behind = cleaner.set(tail, own)?;
            let wants = cleaner.wants_unicode && !unicode;
            Ok((cleaned, behind, cleaner.tally(), wants))
        };
        let (mut cleaned, mut behind, mut tally, wants) = clean(false)?;
        if wants {
            (cleaned, behind, tally, _) = clean(true)?;
            cleaned.put(Element::text(tags::CHARACTER_SET, VR::CS, UNICODE));
        }
        behind.elements.retain(|element| element.tag > tags::PIXELS);
        Ok((cleaned, behind, tally))
    }

    fn judged<R: Read + Seek>(
        &self,
        set: &DataSet<'_>,
        head: &Head,
        element: PixelElement,
        bytes: &mut FilePixels<'_, R>,
    ) -> Result<PixelOutcome, RecordFault> {
        let facts = facts::of(set, head, element);
        let treatment = PixelTreatment {
            clean: self.options.clean_pixel_data,
            faces: self.options.clean_recognizable_visual_features,
            burned_in: self.options.burned_in,
            devices: &self.devices,
        };
        pixels::examine(&facts, bytes, treatment)
    }

    fn write<R: Read + Seek>(
        &self,
        output: &mut dyn Write,
        head: &Head,
        whole: &Whole<'_, '_>,
        pixels: Option<&mut (PixelElement, FilePixels<'_, R>)>,
        outcome: Option<&PixelOutcome>,
    ) -> Result<u64, RecordFault> {
        let encoding = head.syntax.encoding;
        let mut out = Vec::with_capacity(BUFFER_BYTES);
        let instance = whole.set.ascii(tags::SOP_INSTANCE);
        head::write_head_of_file(&mut out, whole.class, &instance, &head.syntax)?;
        let mut deflated;
        let output: &mut dyn Write = if head.syntax.deflated {
            output.write_all(&out).map_err(unwritten)?;
            out.clear();
            deflated = DeflateEncoder::new(output, Compression::default());
            &mut deflated
        } else {
            output
        };
        write_set(&mut out, whole.set, encoding)?;
        let mut scrubbed = 0;
        if let Some((element, bytes)) = pixels {
            let (vr, len) = written_as(*element, outcome)?;
            write_head(&mut out, element.tag, vr, len.map(even), encoding);
            scrubbed = stream::copy(output, &mut out, bytes, outcome, encoding)?;
        }
        write_set(&mut out, whole.tail, encoding)?;
        output.write_all(&out).map_err(unwritten)?;
        output.flush().map_err(unwritten)?;
        Ok(scrubbed)
    }
}

impl Buffers {
    pub(crate) fn take(&self) -> Vec<u8> {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        free.pop().unwrap_or_default()
    }

    pub(crate) fn give_back(&self, buffer: Cow<'_, [u8]>) {
        let Cow::Owned(buffer) = buffer else {
            return;
        };
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() < BUFFERS_MAX && buffer.capacity() <= BUFFER_KEPT_MAX {
            free.push(buffer);
        }
    }
}

/// What is written of a file, besides its pixels.
struct Whole<'w, 'a> {
    class: &'w str,
    set: &'w DataSet<'a>,
    tail: &'w DataSet<'a>,
}

/// Brings the syntax and the form of the pixels together.
fn settle_syntax<R: Read + Seek>(
    syntax: &mut Syntax,
    set: &DataSet<'_>,
    element: PixelElement,
    bytes: &FilePixels<'_, R>,
) -> Result<(), RecordFault> {
    let encapsulated = element.len.is_none();
    if encapsulated == syntax.is_encapsulated() {
        return Ok(());
    }
    let number = |tag: Tag| set.element(tag).and_then(Element::u16).map_or(0, u64::from);
    let frames = set
        .ascii(tags::FRAMES)
        .trim()
        .parse()
        .unwrap_or(1_u64)
        .max(1);
    let samples = number(tags::ROWS)
        .saturating_mul(number(tags::COLUMNS))
        .saturating_mul(number(tags::SAMPLES).max(1))
        .saturating_mul(frames);
    let bits = samples.saturating_mul(number(tags::BITS_ALLOCATED));
    // Uncompressed pixels under the name of a compressed syntax.
    if !encapsulated && bits > 0 && even64(bits.div_ceil(8)) == even64(bytes.len()) {
        *syntax = Syntax::named(EXPLICIT);
        return Ok(());
    }
    Err(RecordFault::new(
        "dicom.syntax_mismatch",
        "the pixels are not in the form that the transfer syntax says",
        "write the file again with the transfer syntax that its pixels are in",
    ))
}

/// The representation and the length with which pixels are written; without a length, fragments follow.
fn written_as(
    element: PixelElement,
    outcome: Option<&PixelOutcome>,
) -> Result<(VR, Option<u32>), RecordFault> {
    if let Some(PixelOutcome::Blank(blanked)) = outcome
        && let Some(decoded) = &blanked.decoded
    {
        let vr = if decoded.bits_allocated() > 8 {
            VR::OW
        } else {
            VR::OB
        };
        let len = u32::try_from(decoded.len());
        let len = len.map_err(|_| too_large("the decompressed pixels are too long"))?;
        return Ok((vr, Some(len)));
    }
    Ok(match element.len {
        None => (VR::OB, None),
        Some(len) => (element.vr, Some(len)),
    })
}

/// Tells what was blanked, by the reasons.
fn note_blanked(tally: &mut Tally, blanked: &Blanked) {
    for (reason, areas) in blanked.areas.by_reason() {
        if areas > 0 {
            tally.add(reason, Operation::Removed, areas);
        }
    }
    if blanked.decoded.is_some() {
        tally.note(
            "compressed pixels, decoded to be blanked",
            Operation::Replaced,
        );
    }
}

fn left(outcome: Option<&PixelOutcome>) -> Pixels {
    match outcome {
        None => Pixels::None,
        Some(PixelOutcome::Pass { examined: true }) => Pixels::Examined,
        Some(PixelOutcome::Pass { .. }) => Pixels::Unexamined,
        Some(PixelOutcome::Blank(blanked)) => Pixels::Blanked(blanked.areas.sum()),
    }
}

fn sex(set: &DataSet<'_>) -> Option<Sex> {
    match &*set.ascii(PATIENT_SEX) {
        "F" => Some(Sex::Female),
        "M" => Some(Sex::Male),
        _ => None,
    }
}

fn even(len: u32) -> u32 {
    len.saturating_add(len & 1)
}

fn even64(len: u64) -> u64 {
    len.saturating_add(len & 1)
}

const PATIENT_SEX: Tag = Tag::new(0x0010, 0x0040);
const BUFFER_BYTES: usize = 64 << 10;
/// One for each thread that is likely to work.
const BUFFERS_MAX: usize = 64;
const BUFFER_KEPT_MAX: usize = 4 << 20;
