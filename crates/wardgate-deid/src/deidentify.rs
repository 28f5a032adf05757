//! The de-identification of one call: every given part, one splice, one proof.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use zeroize::Zeroizing;

use crate::engine::Engine;
use crate::finding::{Finding, Kind, Layer};
use crate::json::{self, Path, Visitor};
use crate::known::KnownIdentifiers;
use crate::language::Language;
use crate::mint::Mint;
use crate::placeholder::{self, PlaceholderKey, Token};
use crate::profile::Profile;
use crate::refusal::{Cause, DeidRefusal};
use crate::report::Report;
use crate::restore::RestoreMap;
use crate::shift::DateReading;
use crate::surrogate::{NameHints, PseudonymKey, Pseudonyms};
use crate::transform::Transform;

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
    language: Option<Language>,
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
                language: None,
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
    /// When a key or number holds an identifier, or a part is not a string of the body.
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
        let mut search = Search::new(means, body);
        for part in in_order(parts, body.len())? {
            let invalid = || DeidRefusal::new(Cause::Part, part.at.start);
            let raw = body.get(part.at.clone()).ok_or_else(invalid)?;
            let start = part.at.start;
            let place = |span: Range<usize>| span.start + start..span.end + start;
            match part.treat {
                Treat::Text => search.string(raw, &place, 0, 1),
                Treat::NestedJson => search.string(raw, &place, NESTED_DEPTH_MAX, 1),
                Treat::CheckKey => search.check(raw, Cause::Key),
                Treat::CheckNumber => search.check(raw, Cause::Number),
            }
            .map_err(|cause| match cause {
                Cause::Part => invalid(),
                cause => DeidRefusal::new(cause, start),
            })?;
        }
        Ok(search.replace(call, body))
    }

    /// Replaces the identifiers in a plain text.
    #[must_use]
    pub fn text(&self, call: [u8; 32], text: &str) -> Deidentified {
        let means = match &self.mode {
            Mode::On(means) => means,
            Mode::Off(reason) => return Deidentified::untouched(call, text.as_bytes(), reason),
        };
        let mut search = Search::new(means, text.as_bytes());
        search.text(text, &|span| span, 0);
        search.replace(call, text.as_bytes())
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
}

impl Deidentified {
    fn untouched(call: [u8; 32], body: &[u8], reason: &'static str) -> Self {
        Self {
            call,
            body: body.to_vec(),
            report: Report::off(reason),
            map: RestoreMap::default(),
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

/// One span of the body that will be replaced.
struct Edit {
    at: Range<usize>,
    finding: Finding,
    surface: Zeroizing<String>,
    hints: NameHints,
    /// How many strings of JSON it stands in.
    quoted: usize,
}

/// The way from a span of a decoded text back to the body.
type Place<'p> = &'p dyn Fn(Range<usize>) -> Range<usize>;

/// Looks through the parts and notes what to replace.
struct Search<'a> {
    means: &'a Means<'a>,
    edits: Vec<Edit>,
    taken: Vec<Token>,
    findings: Vec<Finding>,
    report: Report,
}

impl<'a> Search<'a> {
    fn new(means: &'a Means<'a>, body: &[u8]) -> Self {
        let mut taken = Vec::new();
        placeholder::collect_tokens(body, &mut taken);
        Self {
            means,
            edits: Vec::new(),
            taken,
            findings: Vec::new(),
            report: Report::under(means.profile.id()),
        }
    }

    /// Looks through the raw inside of a JSON string; `nested` says how many levels of JSON it may hold,
    /// `quoted` how many strings of JSON it stands in.
    fn string(
        &mut self,
        raw: &[u8],
        place: Place<'_>,
        nested: usize,
        quoted: usize,
    ) -> Result<(), Cause> {
        let (text, map) = json::decode(raw).map_err(|_| Cause::Part)?;
        if text.len() != raw.len() {
            placeholder::collect_tokens(text.as_bytes(), &mut self.taken);
        }
        let place = |span: Range<usize>| place(map.source(span));
        if nested > 0 && text.trim_start().starts_with(['{', '[', '"']) {
            let mut parts = NestedParts::default();
            let limits = json::Limits::default();
            if json::scan(text.as_bytes(), &limits, &mut parts).is_ok() {
                let inner = (nested - 1, quoted + 1);
                return self.nested(&text, &parts.parts, &place, inner);
            }
        }
        self.text(&text, &place, quoted);
        Ok(())
    }

    fn nested(
        &mut self,
        text: &str,
        parts: &[JsonPart],
        place: Place<'_>,
        (nested, quoted): (usize, usize),
    ) -> Result<(), Cause> {
        for part in parts {
            let raw = text.as_bytes().get(part.at.clone()).unwrap_or_default();
            let start = part.at.start;
            match part.treat {
                Treat::CheckKey => self.check(raw, Cause::Key)?,
                Treat::CheckNumber => self.check(raw, Cause::Number)?,
                Treat::Text | Treat::NestedJson => {
                    let place = |span: Range<usize>| place(span.start + start..span.end + start);
                    self.string(raw, &place, nested, quoted)?;
                }
            }
        }
        Ok(())
    }

    fn text(&mut self, text: &str, place: Place<'_>, quoted: usize) {
        self.report.scanned(text.len());
        let mut findings = std::mem::take(&mut self.findings);
        self.means
            .engine
            .detect_into(text, self.means.known, &mut findings);
        let language = self.language_of(text);
        let goes = |finding: &Finding| self.means.profile.applies(finding, text);
        for finding in findings.drain(..).filter(goes) {
            self.report.replaced(&finding);
            let surface = text.get(finding.range()).unwrap_or_default();
            let before = text.get(..finding.start).unwrap_or_default();
            let hints = match finding.kind {
                Kind::Name => NameHints::behind(before, language),
                _ => NameHints {
                    language,
                    ..NameHints::default()
                },
            };
            self.edits.push(Edit {
                at: place(finding.range()),
                finding,
                surface: Zeroizing::new(surface.to_owned()),
                hints,
                quoted,
            });
        }
        self.findings = findings;
    }

    /// The language of a text, where the profile needs to know it.
    fn language_of(&self, text: &str) -> Language {
        let reads = self.means.profile.reads_texts();
        let detected = || reads.then(|| Language::detect(text));
        self.means.language.or_else(detected).unwrap_or_default()
    }

    /// A key or number must not identify the patient: it cannot be rewritten.
    fn check(&mut self, raw: &[u8], cause: Cause) -> Result<(), Cause> {
        let (text, _) = json::decode(raw).map_err(|_| Cause::Part)?;
        self.report.scanned(text.len());
        let found = self.means.engine.detect(&text, self.means.known);
        let identifies = |f: &Finding| f.layer == Layer::Known || f.kind == Kind::Email;
        if found.iter().any(identifies) {
            Err(cause)
        } else {
            Ok(())
        }
    }

    /// Writes the body anew in one pass.
    fn replace(mut self, call: [u8; 32], body: &[u8]) -> Deidentified {
        let own;
        let key = match self.means.pseudonyms {
            Some(key) => key,
            None => {
                own = self.means.key.pseudonyms();
                &own
            }
        };
        let mut transform = self.transform(key);
        let mut out = Vec::with_capacity(body.len() + body.len() / 8);
        let mut copied = 0;
        for edit in &self.edits {
            out.extend_from_slice(body.get(copied..edit.at.start).unwrap_or_default());
            let new = transform.write(&edit.finding, &edit.surface, &edit.hints);
            out.extend_from_slice(quoted(new, edit.quoted).as_bytes());
            copied = edit.at.end;
        }
        out.extend_from_slice(body.get(copied..).unwrap_or_default());
        Deidentified {
            call,
            body: out,
            report: self.report,
            map: transform.mint.into_map(),
        }
    }

    /// The transforms, with what all texts together show about names and dates.
    fn transform<'s>(&mut self, key: &'s PseudonymKey) -> Transform<'s>
    where
        'a: 's,
    {
        let means = self.means;
        let mint = Mint::new(means.key, means.known, self.taken.drain(..));
        let mut pseudonyms = Pseudonyms::new(key);
        let mut reading = DateReading::default();
        if means.profile.reads_texts() {
            let of = |kind| {
                self.edits
                    .iter()
                    .filter(move |edit| edit.finding.kind == kind)
            };
            for edit in of(Kind::Name) {
                pseudonyms.avoid(&edit.surface, &edit.hints);
            }
            for name in means.known.iter().flat_map(|known| known.full_names()) {
                pseudonyms.avoid(name, &NameHints::default());
            }
            let language = self.edits.first().map(|edit| edit.hints.language);
            let dates = of(Kind::Date).map(|edit| edit.surface.as_str());
            reading = DateReading::learn(language.unwrap_or_default(), dates);
        }
        Transform {
            profile: &means.profile,
            known: means.known,
            mint,
            key,
            pseudonyms,
            reading,
        }
    }
}

/// A text as it is written inside of strings of JSON.
fn quoted(mut text: String, times: usize) -> String {
    let plain = |c: char| c >= ' ' && c != '"' && c != '\\';
    for _ in 0..times {
        if text.chars().all(plain) {
            break;
        }
        let mut escaped = String::with_capacity(text.len() + 8);
        json::escape_into(&text, &mut escaped);
        text = escaped;
    }
    text
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

/// The parts of a JSON document that stands inside a string.
#[derive(Default)]
struct NestedParts {
    parts: Vec<JsonPart>,
}

impl NestedParts {
    fn push(&mut self, at: Range<usize>, treat: Treat) {
        self.parts.push(JsonPart { at, treat });
    }
}

impl Visitor for NestedParts {
    fn string(&mut self, _path: &Path<'_>, at: Range<usize>) {
        self.push(at, Treat::NestedJson);
    }

    fn number(&mut self, _path: &Path<'_>, at: Range<usize>) {
        self.push(at, Treat::CheckNumber);
    }

    fn key(&mut self, _path: &Path<'_>, at: Range<usize>) {
        self.push(at, Treat::CheckKey);
    }
}

/// Levels of JSON inside strings of JSON that are read; deeper ones are text.
const NESTED_DEPTH_MAX: usize = 4;
