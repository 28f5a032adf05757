//! The texts of a body, decoded, with the way back to its bytes.

use std::ops::Range;
use std::rc::Rc;

use super::{JsonPart, Means, Treat};
use crate::engine::Hints;
use crate::finding::{Finding, Kind, Layer};
use crate::json::{self, Path, Visitor};
use crate::offsets::OffsetMap;
use crate::placeholder::{self, Token};
use crate::refusal::Cause;

/// The texts of one call.
pub(super) struct Gather<'a> {
    means: &'a Means<'a>,
    pub(super) texts: Vec<Text>,
    /// Placeholders that stand in escaped strings, and so not in the bytes of the body.
    pub(super) taken: Vec<Token>,
    /// Bytes of keys and numbers, which are looked at and never rewritten.
    pub(super) checked: usize,
}

/// One text, decoded.
pub(super) struct Text {
    pub(super) text: String,
    way: Way,
    /// How many strings of JSON it stands in.
    pub(super) quoted: usize,
}

/// The way from a decoded text back to the body.
struct Way {
    map: OffsetMap,
    /// Where the string begins in the text around it.
    start: usize,
    around: Option<Rc<Way>>,
}

impl Text {
    /// The bytes of the body that a span of the text stands for.
    pub(super) fn in_body(&self, span: Range<usize>) -> Range<usize> {
        self.way.in_body(span)
    }
}

impl Way {
    fn in_body(&self, span: Range<usize>) -> Range<usize> {
        let at = self.map.source(span);
        let at = at.start + self.start..at.end + self.start;
        match &self.around {
            Some(around) => around.in_body(at),
            None => at,
        }
    }
}

impl<'a> Gather<'a> {
    pub(super) fn new(means: &'a Means<'a>) -> Self {
        Self {
            means,
            texts: Vec::new(),
            taken: Vec::new(),
            checked: 0,
        }
    }

    /// Takes in a plain text.
    pub(super) fn text(&mut self, text: &str) {
        let way = Way {
            map: OffsetMap::default(),
            start: 0,
            around: None,
        };
        self.texts.push(Text {
            text: text.to_owned(),
            way,
            quoted: 0,
        });
    }

    /// Takes in a part of a JSON body that begins at `start`.
    pub(super) fn part(&mut self, raw: &[u8], start: usize, treat: Treat) -> Result<(), Cause> {
        match treat {
            Treat::Text => self.string(raw, start, None, (0, 1)),
            Treat::NestedJson => self.string(raw, start, None, (NESTED_DEPTH_MAX, 1)),
            Treat::CheckKey => self.check(raw, Cause::Key),
            Treat::CheckNumber => self.check(raw, Cause::Number),
        }
    }

    /// Takes in the raw inside of a JSON string; `nested` says how many levels of JSON it may hold,
    /// `quoted` how many strings of JSON it stands in.
    fn string(
        &mut self,
        raw: &[u8],
        start: usize,
        around: Option<Rc<Way>>,
        (nested, quoted): (usize, usize),
    ) -> Result<(), Cause> {
        let (text, map) = json::decode(raw).map_err(|_| Cause::Part)?;
        if text.len() != raw.len() {
            placeholder::collect_tokens(text.as_bytes(), &mut self.taken);
        }
        let way = Way { map, start, around };
        if nested > 0 && text.trim_start().starts_with(['{', '[', '"']) {
            let mut parts = NestedParts::default();
            let limits = json::Limits::default();
            if json::scan(text.as_bytes(), &limits, &mut parts).is_ok() {
                let way = Rc::new(way);
                for part in parts.parts {
                    let raw = text.as_bytes().get(part.at.clone()).unwrap_or_default();
                    match part.treat {
                        Treat::CheckKey => self.check(raw, Cause::Key)?,
                        Treat::CheckNumber => self.check(raw, Cause::Number)?,
                        Treat::Text | Treat::NestedJson => {
                            let inner = (nested - 1, quoted + 1);
                            self.string(raw, part.at.start, Some(Rc::clone(&way)), inner)?;
                        }
                    }
                }
                return Ok(());
            }
        }
        let text = text.into_owned();
        self.texts.push(Text { text, way, quoted });
        Ok(())
    }

    /// A key or number must not identify the patient: it cannot be rewritten.
    fn check(&mut self, raw: &[u8], cause: Cause) -> Result<(), Cause> {
        let (text, _) = json::decode(raw).map_err(|_| Cause::Part)?;
        self.checked += text.len();
        let hints = Hints {
            known: self.means.known,
            language: None,
        };
        let mut found = Vec::new();
        self.means.engine.find(&text, &hints, &mut found);
        let identifies = |f: &Finding| f.layer == Layer::Known || f.kind == Kind::Email;
        if found.iter().any(identifies) {
            Err(cause)
        } else {
            Ok(())
        }
    }
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
