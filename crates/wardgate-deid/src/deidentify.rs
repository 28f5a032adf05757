//! The de-identification of one call: every given part, one splice, one proof.

mod gather;
mod rewrite;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::AtomicBool;

use crate::engine::Engine;
use crate::finding::Finding;
use crate::known::KnownIdentifiers;
use crate::language::Language;
use crate::placeholder::PlaceholderKey;
use crate::profile::Profile;
use crate::refusal::{Cause, DeidRefusal};
use crate::report::Report;
use crate::residue::Residue;
use crate::restore::RestoreMap;
use crate::surrogate::{Avoided, PseudonymKey};
use gather::Gather;
use rewrite::Rewrite;

/// A string, key or number of a body, and what may be done to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPart {
    /// Bytes of the body: of a string or key, what lies between the quotes.
    pub at: Range<usize>,
    /// What may be done to it.
    pub treat: Treat,
}

/// How a part of a body is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treat {
    /// A string: identifiers in it are replaced.
    Text,
    /// A string that holds JSON, such as the arguments of a tool call; when it does not parse, text.
    NestedJson,
    /// A key: an identifier in it refuses the call.
    CheckKey,
    /// A number: an identifier in it refuses the call.
    CheckNumber,
}

/// The de-identification of one call.
#[derive(Debug)]
pub struct Deidentifier<'a> {
    mode: Mode<'a>,
}

/// What the engine found in one text, whoever it is about.
#[derive(Clone, Debug)]
pub struct TextReading {
    language: Language,
    findings: Vec<Finding>,
}

impl TextReading {
    pub(crate) fn of(engine: &Engine, text: &str) -> Self {
        let language = Language::detect(text);
        let found = engine.detect_together(&[(text, language)], None);
        Self {
            language,
            findings: found.into_iter().next().unwrap_or_default(),
        }
    }
}

#[derive(Debug)]
enum Mode<'a> {
    On(Box<Means<'a>>),
    Off(&'static str),
}

#[derive(Debug)]
struct Means<'a> {
    engine: &'a Engine,
    key: &'a PlaceholderKey,
    known: Option<&'a KnownIdentifiers>,
    profile: Cow<'a, Profile>,
    pseudonyms: Option<&'a PseudonymKey>,
    /// Names that no stand-in may have a word of, besides those of the text and of the patient.
    avoided: &'a [String],
    /// The patient's own names, noted before.
    on_file: Option<&'a Avoided>,
    /// What was found in the one text, when it was read before.
    reading: Option<&'a TextReading>,
    language: Option<Language>,
    stop: Option<&'a AtomicBool>,
}

impl<'a> Deidentifier<'a> {
    /// The means of one call: the engine, the key of its conversation, the patient on file.
    ///
    /// What goes is what Safe Harbor counts, and placeholders that can be restored take its place.
    #[must_use]
    pub fn new(
        engine: &'a Engine,
        key: &'a PlaceholderKey,
        known: Option<&'a KnownIdentifiers>,
    ) -> Self {
        Self {
            mode: Mode::On(Box::new(Means {
                engine,
                key,
                known,
                profile: Cow::Owned(Profile::safe_harbor().reversible()),
                pseudonyms: None,
                avoided: &[],
                on_file: None,
                reading: None,
                language: None,
                stop: None,
            })),
        }
    }

    /// The same means with another profile.
    #[must_use]
    pub fn profile(mut self, profile: &'a Profile) -> Self {
        if let Mode::On(means) = &mut self.mode {
            means.profile = Cow::Borrowed(profile);
        }
        self
    }

    /// The same means with the key of the patient's pseudonyms and date shift.
    ///
    /// Without one they come from the key of the placeholders.
    #[must_use]
    pub fn pseudonyms(mut self, key: &'a PseudonymKey) -> Self {
        if let Mode::On(means) = &mut self.mode {
            means.pseudonyms = Some(key);
        }
        self
    }

    /// The same means with names that no stand-in may have a word of.
    #[must_use]
    pub(crate) fn avoiding(mut self, names: &'a [String]) -> Self {
        if let Mode::On(means) = &mut self.mode {
            means.avoided = names;
        }
        self
    }

    /// The same means with the patient's own names, which were noted before.
    #[must_use]
    pub(crate) fn on_file(mut self, names: Option<&'a Avoided>) -> Self {
        if let Mode::On(means) = &mut self.mode {
            means.on_file = names;
        }
        self
    }

    /// The same means for one plain text that was read before.
    #[must_use]
    pub(crate) fn read(mut self, reading: Option<&'a TextReading>) -> Self {
        if let Mode::On(means) = &mut self.mode {
            means.reading = reading;
        }
        self
    }

    /// The same means for texts in a language; otherwise each text shows its own.
    ///
    /// Unless a profile was named, the usual one of the language decides, in its form that can be restored.
    #[must_use]
    pub fn language(mut self, language: Language) -> Self {
        if let Mode::On(means) = &mut self.mode {
            means.language = Some(language);
            if let Cow::Owned(profile) = &mut means.profile {
                *profile = Profile::of(language).reversible();
            }
        }
        self
    }

    /// The same means until a flag is set: then no further text is read, and [`Self::json`] refuses.
    #[must_use]
    pub fn stop_when(mut self, stop: &'a AtomicBool) -> Self {
        if let Mode::On(means) = &mut self.mode {
            means.stop = Some(stop);
        }
        self
    }

    /// Switched off by configuration: bodies pass as they are, and the proof says why.
    #[must_use]
    pub fn off(reason: &'static str) -> Self {
        Self {
            mode: Mode::Off(reason),
        }
    }

    /// Replaces the identifiers in the given parts of a JSON body; every other byte stays.
    ///
    /// # Errors
    /// When a key or number holds an identifier, a part is not a string of the body, a layer fails on a text,
    /// or the second look over the output finds an identifier.
    pub fn json(
        &self,
        call: [u8; 32],
        body: &[u8],
        parts: &[JsonPart],
    ) -> Result<Deidentified, DeidRefusal> {
        let means = match &self.mode {
            Mode::On(means) => means,
            Mode::Off(reason) => return Ok(Deidentified::untouched(call, body, reason)),
        };
        let mut gather = Gather::new(means);
        for part in in_order(parts, body.len())? {
            let start = part.at.start;
            let raw = body
                .get(part.at.clone())
                .ok_or_else(|| DeidRefusal::new(Cause::Part, start))?;
            gather
                .part(raw, start, part.treat)
                .map_err(|cause| DeidRefusal::new(cause, start))?;
        }
        let rewrite = Rewrite::new(means, gather);
        if rewrite.unread {
            return Err(DeidRefusal::new(Cause::Unread, 0));
        }
        let done = rewrite.write(call, body);
        match done.residue.is_strong() {
            true => Err(DeidRefusal::new(Cause::Residue, done.residue_at)),
            false => Ok(done),
        }
    }

    /// Replaces the identifiers in a plain text.
    ///
    /// Whoever keeps the result must look at its [`Deidentified::residue`] first.
    #[must_use]
    pub fn text(&self, call: [u8; 32], text: &str) -> Deidentified {
        let means = match &self.mode {
            Mode::On(means) => means,
            Mode::Off(reason) => return Deidentified::untouched(call, text.as_bytes(), reason),
        };
        let mut gather = Gather::new(means);
        gather.text(text);
        Rewrite::new(means, gather).write(call, text.as_bytes())
    }
}

/// Proof that a body was de-identified, or that configuration switched that off.
///
/// It is bound to the call whose digest it carries, and only a [`Deidentifier`] makes one.
pub struct Deidentified {
    call: [u8; 32],
    body: Vec<u8>,
    report: Report,
    map: RestoreMap,
    residue: Residue,
    /// The byte of the body at which the text with the first strong residue begins.
    residue_at: usize,
}

impl Deidentified {
    fn untouched(call: [u8; 32], body: &[u8], reason: &'static str) -> Self {
        Self {
            call,
            body: body.to_vec(),
            report: Report::off(reason),
            map: RestoreMap::default(),
            residue: Residue::default(),
            residue_at: 0,
        }
    }

    /// The digest of the call that this is about.
    #[must_use]
    pub fn call(&self) -> [u8; 32] {
        self.call
    }

    /// The body that may go to the model.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// What was replaced, in counts.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// What the second look over the output found.
    #[must_use]
    pub fn residue(&self) -> &Residue {
        &self.residue
    }

    /// The body, and the map that restores the answer to it.
    #[must_use]
    pub fn into_parts(self) -> (Vec<u8>, RestoreMap) {
        (self.body, self.map)
    }
}

impl fmt::Debug for Deidentified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deidentified")
            .field("body_bytes", &self.body.len())
            .field("replaced", &self.report.total())
            .finish_non_exhaustive()
    }
}

/// The parts by position; parts that overlap or leave the body are refused.
fn in_order(parts: &[JsonPart], body_len: usize) -> Result<Vec<&JsonPart>, DeidRefusal> {
    let mut ordered: Vec<&JsonPart> = parts.iter().collect();
    ordered.sort_by_key(|part| part.at.start);
    let mut behind = 0;
    for part in &ordered {
        if part.at.start < behind || part.at.end < part.at.start || part.at.end > body_len {
            return Err(DeidRefusal::new(Cause::Part, part.at.start));
        }
        behind = part.at.end;
    }
    Ok(ordered)
}
