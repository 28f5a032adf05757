//! The independent look at an output: what identified somebody in the input must not be in it.

mod samples;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io::{Read, Seek};
use std::sync::{Arc, Mutex, PoisonError};

use dicom_core::VR;
use wardgate_deid::{Found, Kind, RecordFault, Tracer, Traces};

use crate::charset::CharacterSet;
use crate::clean::{CLASSES, unpadded, well_known};
use crate::element::{DataSet, Element, Tag, Value, is_ascii, is_text, tags, trimmed};
use crate::file::FileDeidentifier;
use crate::head::{self, Head, PREAMBLE};
use crate::identity::kind_of;
use crate::pixels::PixelBytes;
use crate::reader;
use crate::source::Source;
use crate::subject::{keeps, traces_of_name};
use crate::table::{Action, TABLE, safe_private};

/// What is sought, ready for each file that identifies alike.
#[derive(Default)]
pub(crate) struct Seekers {
    known: Mutex<HashMap<String, Arc<Seeker>>>,
}

/// What is sought in the output of one input.
struct Seeker {
    tracer: Tracer,
    samples: samples::Searcher,
}

/// The identifiers of an input, as its own walk finds them.
#[derive(Default)]
struct Sought {
    names: Vec<String>,
    values: Vec<(Kind, String)>,
    uids: HashSet<String>,
}

/// Looks for the identifiers of an input in an output.
pub(crate) fn verify<'b, I: Read + Seek, O: Read + Seek>(
    files: &FileDeidentifier,
    input: Source<'_, I>,
    output: impl FnOnce() -> Result<Source<'b, O>, RecordFault>,
) -> Result<Found, RecordFault> {
    let mut sought = Sought::default();
    opened(files, input, &mut |set, tail, _, _| {
        sought.gather(files, set, CharacterSet::DEFAULT);
        sought.gather(files, tail, CharacterSet::DEFAULT);
        Ok(())
    })?;
    let seeker = files.seekers.of(&sought);
    let mut found = Found::default();
    opened(files, output()?, &mut |set, tail, raw, pixels| {
        let mut look = Look {
            files,
            seeker: &seeker,
            sought: &sought,
            letters: String::new(),
            found: Found::default(),
        };
        look.marks(set)?;
        look.set(set, CharacterSet::DEFAULT)?;
        look.set(tail, CharacterSet::DEFAULT)?;
        found.merge(&look.finish());
        if raw.get(..PREAMBLE).is_some_and(|preamble| {
            raw.get(PREAMBLE..)
                .is_some_and(|rest| rest.starts_with(b"DICM"))
                && preamble.iter().any(|byte| *byte != 0)
        }) {
            return Err(violation("the preamble is not empty"));
        }
        found.merge(&seeker.tracer.bytes(raw));
        found.merge(&seeker.samples.search(pixels)?);
        Ok(())
    })?;
    Ok(found)
}

/// What is done with a file that was read: its data set, what stands behind the pixels, the bytes of both as they
/// lie in the file, and the pixels, with what of them is in memory.
type Reading<'t> = dyn FnMut(
        &DataSet<'_>,
        &DataSet<'_>,
        &[u8],
        Option<(&[u8], &mut dyn PixelBytes)>,
    ) -> Result<(), RecordFault>
    + 't;

fn opened<R: Read + Seek>(
    files: &FileDeidentifier,
    mut source: Source<'_, R>,
    then: &mut Reading<'_>,
) -> Result<(), RecordFault> {
    let mut head = Head::read(&source)?;
    match head.inflated.take() {
        Some(bytes) => {
            let mut inflated = head::inflated(bytes)?;
            let buffer = std::mem::take(&mut inflated.buffer);
            read_whole(&mut inflated, &buffer, &head, then)
        }
        None => {
            head::fill(&mut source, &head)?;
            let buffer = std::mem::take(&mut source.buffer);
            let read = read_whole(&mut source, &buffer, &head, then);
            files.buffers.give_back(buffer);
            read
        }
    }
}

fn read_whole<R: Read + Seek>(
    source: &mut Source<'_, R>,
    buffer: &[u8],
    head: &Head,
    then: &mut Reading<'_>,
) -> Result<(), RecordFault> {
    let size = source.size();
    let read = reader::read(buffer, head.at, head.encoding)?;
    let Some(element) = read.pixels else {
        return then(&read.set, &DataSet::default(), buffer, None);
    };
    let raw = buffer.get(..element.at).unwrap_or_default();
    let mut pixels = source.pixels(buffer, element, head.encoding)?;
    let tail = pixels.behind(size)?;
    let behind = reader::read_tail(&tail, head.encoding).unwrap_or_default();
    let mut raw = Cow::Borrowed(raw);
    if !tail.is_empty() {
        raw.to_mut().extend_from_slice(&tail);
    }
    let held = pixels.held_from(0);
    then(&read.set, &behind, &raw, Some((held, &mut pixels)))
}

impl Sought {
    fn gather(&mut self, files: &FileDeidentifier, set: &DataSet<'_>, charset: CharacterSet) {
        let charset = own_charset(set, charset);
        for element in &set.elements {
            match &element.value {
                Value::Items(items) => {
                    for item in items {
                        self.gather(files, item, charset);
                    }
                }
                Value::Bytes(bytes) if !bytes.is_empty() => self.note(files, element, charset),
                _ => {}
            }
        }
    }

    fn note(&mut self, files: &FileDeidentifier, element: &Element<'_>, charset: CharacterSet) {
        let (tag, vr) = (element.tag, element.vr);
        let rules = files.subjects.rules();
        if vr == VR::UI {
            let uid = element.ascii();
            let uids = uid
                .split('\\')
                .filter(|uid| !well_known(uid) && uid.len() > UID_LEN_MIN);
            if !files.options.retain_uids && !CLASSES.contains(&tag.0) {
                self.uids.extend(uids.map(str::to_owned));
            }
            return;
        }
        let row = TABLE.row(tag).map(|row| row.action(&files.options, vr));
        if matches!(row, Some(Action::Keep)) || !(is_text(vr) || vr == VR::DA || vr == VR::AE) {
            return;
        }
        let written = charset.decode(trimmed(element.raw()));
        if vr == VR::PN || standard_is_name(tag) {
            if !keeps(rules, Kind::Name) {
                self.names.extend(written.split('\\').map(str::to_owned));
            }
            return;
        }
        let gone = matches!(row, Some(Action::Remove | Action::Empty | Action::Dummy));
        let kind = match kind_of(tag) {
            Some(kind) => kind,
            None if tag == tags::BIRTH_DATE && !files.options.retain_full_dates => Kind::Date,
            None if gone && vr != VR::DA && digits(&written) >= DIGITS_MIN => Kind::Id,
            None => return,
        };
        if !keeps(rules, kind) && written.len() <= VALUE_LEN_MAX {
            let values = written.split('\\').filter(|value| *value != STANDARD_ARC);
            self.values
                .extend(values.map(|value| (kind, value.to_owned())));
        }
    }
}

impl Seekers {
    fn of(&self, sought: &Sought) -> Arc<Seeker> {
        let mut key = sought.names.join("\n");
        for (kind, value) in &sought.values {
            key.push('\n');
            key.push(char::from(32 + *kind as u8));
            key.push_str(value);
        }
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seeker) = known.get(&key) {
            return Arc::clone(seeker);
        }
        drop(known);
        let mut traces = Traces::default();
        for name in &sought.names {
            traces_of_name(&mut traces, name);
        }
        for (kind, value) in &sought.values {
            traces.value(*kind, value);
        }
        let seeker = Arc::new(Seeker {
            tracer: traces.compile_quickly(),
            samples: samples::Searcher::new(&sought.names, &sought.values),
        });
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= SEEKERS_MAX {
            known.clear();
        }
        known.insert(key, Arc::clone(&seeker));
        seeker
    }
}

impl fmt::Debug for Seekers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seekers").finish_non_exhaustive()
    }
}

/// One look over the values of an output.
struct Look<'l> {
    files: &'l FileDeidentifier,
    seeker: &'l Seeker,
    sought: &'l Sought,
    /// All short values, a line each, which are searched at once.
    letters: String,
    found: Found,
}

impl Look<'_> {
    fn marks(&self, set: &DataSet<'_>) -> Result<(), RecordFault> {
        let coded = set.element(tags::METHOD_CODES).is_some();
        if set.ascii(tags::IDENTITY_REMOVED) != "YES" || !coded {
            return Err(violation("the marks of de-identification are missing"));
        }
        Ok(())
    }

    fn set(&mut self, set: &DataSet<'_>, charset: CharacterSet) -> Result<(), RecordFault> {
        let charset = own_charset(set, charset);
        for element in &set.elements {
            let tag = element.tag;
            if !self.may_stand(set, element) {
                return Err(violation("an attribute is left that the profile removes"));
            }
            match &element.value {
                Value::Items(items) => {
                    for item in items {
                        self.set(item, charset)?;
                    }
                }
                Value::Bytes(bytes) if tag == tags::DOCUMENT => {
                    let media_type = set.ascii(tags::DOCUMENT_TYPE);
                    let text = wardgate_documents::decoded_text(&media_type, unpadded(bytes))?;
                    self.found.merge(&self.seeker.tracer.value(&text));
                }
                Value::Bytes(bytes) if !bytes.is_empty() => self.value(element, charset)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn may_stand(&self, set: &DataSet<'_>, element: &Element<'_>) -> bool {
        let tag = element.tag;
        if tag.is_private() {
            let safe = |tag: Tag| safe_private(&set.ascii(tag.creator()), tag).is_some();
            let retained = self.files.options.retain_safe_private;
            return retained && (tag.is_private_creator() || safe(tag));
        }
        let row = TABLE.row(tag);
        let action = row.map(|row| row.action(&self.files.options, element.vr));
        tag.standard_vr().is_some() && action != Some(Action::Remove)
    }

    fn value(&mut self, element: &Element<'_>, charset: CharacterSet) -> Result<(), RecordFault> {
        let vr = element.vr;
        if vr == VR::UI {
            let left = |uid: &str| self.sought.uids.contains(uid);
            let instance = !CLASSES.contains(&element.tag.0);
            if instance && element.ascii().split('\\').any(left) {
                return Err(violation("a UID of the input is left"));
            }
        }
        if !is_text(vr) && !is_ascii(vr) {
            return Ok(());
        }
        let written = charset.decode(trimmed(element.raw()));
        // Numbers that are parted by spaces are only seen in a value of their own.
        if written.len() > LINE_LEN_MAX || (written.contains(' ') && digits(&written) >= DIGITS_MIN)
        {
            self.found.merge(&self.seeker.tracer.value(&written));
            return Ok(());
        }
        self.letters.push_str(&written);
        self.letters.push('\n');
        Ok(())
    }

    fn finish(mut self) -> Found {
        self.found.merge(&self.seeker.tracer.value(&self.letters));
        self.found
    }
}

fn own_charset(set: &DataSet<'_>, otherwise: CharacterSet) -> CharacterSet {
    let own = set.element(tags::CHARACTER_SET);
    own.and_then(|own| CharacterSet::read(&own.ascii()))
        .unwrap_or(otherwise)
}

fn standard_is_name(tag: Tag) -> bool {
    tag.standard_vr() == Some(VR::PN)
}

fn digits(written: &str) -> usize {
    written.bytes().filter(u8::is_ascii_digit).count()
}

fn violation(what: &'static str) -> RecordFault {
    RecordFault::new(
        "dicom.profile_violation",
        what,
        "do not release the file; please report how to get here",
    )
}

const SEEKERS_MAX: usize = 256;
/// A number that stands in the UIDs of every file, whatever else it numbers in one.
const STANDARD_ARC: &str = "10008";
const DIGITS_MIN: usize = 5;
const VALUE_LEN_MAX: usize = 1024;
const LINE_LEN_MAX: usize = 256;
/// Shorter UIDs are no instance's.
const UID_LEN_MIN: usize = 6;
