//! HL7 v2 messages (2.1 to 2.8.2), in their pipe-and-hat encoding.
//!
//! A message is read twice: once for the people whom it names, once to write it anew, segment by segment, with what
//! the tables of its version say of each field. What they do not know is removed.

mod batch;
mod charset;
mod counts;
mod delimiters;
mod document;
mod escape;
mod header;
mod lines;
mod people;
mod policy;
mod rewrite;
mod verify;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use wardgate_deid::{Found, RecordFault, RecordRules, Tally, Tracer};

use crate::kept::{Kept, Seen, Verdicts};
use crate::leaf::{Leaves, Transients};
use crate::patient::{Nobody, Patient};
use header::Header;
use lines::{Cuts, Line};
use rewrite::{Page, Rewriter};

pub use batch::{BatchCounts, MESSAGE_BYTES_MAX, Messages};
pub use counts::Counts;

/// What the policy leaves to whoever runs it.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Fields of Z segments that stay, their text cleaned: `ZPD-2`. All others go.
    pub keep: Vec<String>,
    /// The character set of messages that name none in MSH-18; otherwise they must be ASCII or UTF-8.
    pub charset_default: Option<String>,
}

/// Takes out of HL7 v2 messages what identifies people; threads share it.
///
/// ```
/// use std::sync::Arc;
/// use wardgate_deid::{Day, Engine, Profile, ProjectKey, RecordRules};
/// use wardgate_hl7::v2::{MessageDeidentifier, Options};
///
/// let as_of = Day::new(2026, 11, 30).unwrap();
/// let rules = RecordRules::new(Engine::exact_only(), Profile::safe_harbor(), ProjectKey::new([7; 32]), as_of);
/// let deidentifier = MessageDeidentifier::new(Arc::new(rules), Options::default());
/// let message = b"MSH|^~\\&|LAB||||20240312||ORU^R01|77|P|2.5\rPID|1||4471902^^^^MR||Lindqvist^Maria\r";
/// let mut output = Vec::new();
/// deidentifier.message(message, &mut output).unwrap();
/// let output = String::from_utf8(output).unwrap();
/// assert!(!output.contains("Lindqvist") && !output.contains("4471902"));
/// assert!(output.contains("|ORU^R01|"));
/// ```
pub struct MessageDeidentifier {
    rules: Arc<RecordRules>,
    options: Options,
    nobody: Nobody,
    seen: Seen,
    patients: Kept<Arc<Patient>>,
    verdicts: Verdicts,
    tracers: Kept<Arc<Tracer>>,
}

impl Options {
    /// The fields of a Z segment that stay.
    fn kept_fields(&self, id: [u8; 3]) -> Vec<usize> {
        let named = self.keep.iter().filter_map(|name| {
            let (segment, number) = name.split_once('-')?;
            (segment.as_bytes() == id).then(|| number.parse().ok())?
        });
        named.collect()
    }
}

impl MessageDeidentifier {
    /// Messages under the rules of a run.
    #[must_use]
    pub fn new(rules: Arc<RecordRules>, options: Options) -> Self {
        let nobody = Nobody::new(&rules);
        Self {
            rules,
            options,
            nobody,
            seen: Seen::new(SEEN_MAX),
            patients: Kept::new(PATIENTS_MAX),
            verdicts: Verdicts::new(),
            tracers: Kept::new(TRACERS_MAX),
        }
    }

    /// Writes a message, or a segment that stands around messages in a batch, without what identifies people.
    ///
    /// MLLP's frame bytes and the ends of segments stay as they were. Nothing is written when it is refused. Many
    /// messages are faster with [`Self::message_into`].
    ///
    /// # Errors
    /// When the input does not begin with a header, names an unknown version or character set, is no text in its
    /// character set, or is larger than [`MESSAGE_BYTES_MAX`].
    pub fn message(&self, input: &[u8], output: &mut Vec<u8>) -> Result<Tally, RecordFault> {
        let (header, page) = self.written(input, output)?;
        Ok(page.tally(header.tables))
    }

    /// The same, with what was done added to counts that go on from message to message.
    ///
    /// # Errors
    /// As [`Self::message`].
    pub fn message_into(
        &self,
        input: &[u8],
        output: &mut Vec<u8>,
        counts: &mut Counts,
    ) -> Result<(), RecordFault> {
        let (header, page) = self.written(input, output)?;
        counts.add(header.version, &page.notes);
        Ok(())
    }

    fn written(&self, input: &[u8], output: &mut Vec<u8>) -> Result<(Header, Page), RecordFault> {
        if input.len() > MESSAGE_BYTES_MAX {
            return Err(batch::too_large());
        }
        let (before, message, behind) = batch::frame(input);
        let header = Header::of(message, self.options.charset_default.as_deref())?;
        let text = header.charset.decode(message).ok_or_else(no_text)?;
        let cuts = Cuts::of(&text, header.signs.field);
        let lines = cuts.lines(header.tables);
        let mut page = Page {
            text: String::with_capacity(text.len() + text.len() / 4),
            notes: Vec::with_capacity(NOTES_USUAL),
        };
        let groups = groups(&lines);
        let together = groups.len() <= GROUPS_TOGETHER_MAX;
        for group in &groups {
            let own = lines.get(group.clone()).unwrap_or_default();
            let everything = if together { lines.as_slice() } else { own };
            let patient = self.patient(own, everything, &header);
            let rewriter = Rewriter {
                leaves: Leaves {
                    rules: &self.rules,
                    patient: &patient,
                    nobody: &self.nobody,
                    verdicts: &self.verdicts,
                    transients: Transients::of(people::transients(own, &header)),
                },
                options: &self.options,
                header: &header,
            };
            rewriter.segments(own, &mut page);
        }
        output.extend_from_slice(before);
        header.charset.encode(&page.text, output);
        output.extend_from_slice(behind);
        Ok((header, page))
    }

    /// Reads an output again, by other code than that which wrote it, and looks for what identified people in its input.
    ///
    /// # Errors
    /// When either cannot be read.
    pub fn verify(&self, input: &[u8], output: &[u8]) -> Result<Found, RecordFault> {
        verify::verify(&self.rules, &self.tracers, input, output)
    }

    /// The people of a message, worked out or kept from another about the same.
    fn patient(&self, own: &[Line<'_>], everything: &[Line<'_>], header: &Header) -> Arc<Patient> {
        let mut key = people::key(everything, header);
        if own.len() != everything.len() {
            key.push('\u{4}');
            key.push_str(&people::key(own, header));
        }
        if let Some(kept) = self.patients.find(&key) {
            return kept;
        }
        let people = people::read(own, everything, header);
        // Many feeds have another patient in nearly every message: those are not kept for a second one.
        let lasting = key.len() <= KEY_BYTES_MAX && self.seen.again(&key);
        let patient = Arc::new(Patient::new(&self.rules, people, lasting));
        if lasting {
            self.patients.keep(&key, Arc::clone(&patient));
        }
        patient
    }
}

impl fmt::Debug for MessageDeidentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageDeidentifier")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// The segments of each patient: a message may be about several.
fn groups(lines: &[Line<'_>]) -> Vec<Range<usize>> {
    let mut starts: Vec<usize> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if line.id == Some(*b"PID") {
            // What stands before the first patient belongs to them.
            starts.push(if starts.is_empty() { 0 } else { at });
        }
    }
    if starts.is_empty() {
        starts.push(0);
    }
    let ends = starts.iter().skip(1).copied().chain([lines.len()]);
    starts
        .iter()
        .copied()
        .zip(ends)
        .map(|(start, end)| start..end)
        .collect()
}

fn no_text() -> RecordFault {
    RecordFault::new(
        "hl7.charset",
        "the message is no text in the character set that its header names",
        "put the character set that the sender really uses into MSH-18, or give it as the default",
    )
}

/// Patients of whom is remembered that they came, in each of two generations.
const SEEN_MAX: usize = 16 * 1024;
/// Patients that are kept between messages, in each of two generations.
const PATIENTS_MAX: usize = 1024;
/// Sets of people whose search is kept, in each of two generations.
const TRACERS_MAX: usize = 128;
/// A message with more about people than this is not kept.
const KEY_BYTES_MAX: usize = 16 * 1024;
/// Patients of one message up to whom each one's texts are searched for all of them.
const GROUPS_TOGETHER_MAX: usize = 8;
const NOTES_USUAL: usize = 128;
