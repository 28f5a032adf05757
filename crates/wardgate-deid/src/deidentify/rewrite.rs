//! What goes from the texts of a call, what is written instead, and a second look at the outcome.

use std::ops::Range;
use std::sync::atomic::Ordering;

use super::gather::{Gather, Text};
use super::{Deidentified, Means};
use crate::engine::UNREAD;
use crate::finding::{Finding, Kind};
use crate::json;
use crate::language::Language;
use crate::mint::Mint;
use crate::placeholder::{self, Token};
use crate::report::Report;
use crate::residue::{Replaced, Residue, Sought};
use crate::restore::RestoreMap;
use crate::shift::DateReading;
use crate::surrogate::{Avoided, NameHints, PseudonymKey, Pseudonyms};
use crate::transform::Transform;

/// The texts of a call with what was found in them.
pub(super) struct Rewrite<'a> {
    means: &'a Means<'a>,
    texts: Vec<Text>,
    edits: Vec<Edit>,
    taken: Vec<Token>,
    report: Report,
    /// Whether a layer failed on a text, which is then taken out whole.
    pub(super) unread: bool,
}

/// A span of a text that is written anew.
struct Edit {
    /// Which text.
    text: usize,
    finding: Finding,
    hints: NameHints,
}

impl Edit {
    /// Takes out a text that was not read.
    fn whole(text: usize, unread: &str) -> Self {
        Self {
            text,
            finding: Finding::exact(0..unread.len(), Kind::Id, 1.0, UNREAD),
            hints: NameHints::default(),
        }
    }
}

impl<'a> Rewrite<'a> {
    /// Looks for identifiers in all texts.
    pub(super) fn new(means: &'a Means<'a>, gather: Gather<'a>) -> Self {
        let mut rewrite = Self {
            means,
            texts: gather.texts,
            edits: Vec::new(),
            taken: gather.taken,
            report: Report::under(means.profile.id()),
            unread: false,
        };
        rewrite.report.scanned(gather.checked);
        rewrite.find();
        rewrite
    }

    fn find(&mut self) {
        let Self {
            means,
            texts,
            edits,
            report,
            unread,
            ..
        } = self;
        let quoted: Vec<usize> = texts.iter().map(|text| text.quoted).collect();
        let (texts, found) = match (means.reading, texts.as_slice()) {
            (Some(reading), [one]) => (
                vec![(one.text.as_str(), reading.language)],
                vec![reading.findings.clone()],
            ),
            _ => {
                let texts = with_languages(texts, means.language);
                let found = means.engine.detect_together(&texts, means.known);
                (texts, found)
            }
        };
        for (index, ((text, language), findings)) in texts.iter().zip(found).enumerate() {
            if means.stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
                edits.push(Edit::whole(index, text));
                *unread = true;
                continue;
            }
            report.scanned(text.len());
            #[cfg(feature = "neural")]
            let findings = {
                let mut findings = findings;
                means.engine.ask_model(text, &mut findings);
                findings
            };
            let nested = quoted.get(index).is_some_and(|quoted| *quoted > 1);
            let findings = if nested {
                let parts = findings.into_iter();
                parts.flat_map(|finding| unquoted(finding, text)).collect()
            } else {
                findings
            };
            for finding in findings {
                let whole = finding.reason == UNREAD;
                *unread |= whole;
                if !whole && !means.profile.applies(&finding, text) {
                    continue;
                }
                report.replaced(&finding);
                let before = text.get(..finding.start).unwrap_or_default();
                let hints = match finding.kind {
                    Kind::Name => NameHints::behind(before, *language),
                    _ => NameHints {
                        language: *language,
                        ..NameHints::default()
                    },
                };
                edits.push(Edit {
                    text: index,
                    finding,
                    hints,
                });
            }
        }
    }

    /// Writes the body anew in one pass, and looks over it.
    pub(super) fn write(mut self, call: [u8; 32], body: &[u8]) -> Deidentified {
        if self.edits.is_empty() {
            let (residue, residue_at) = self.look(&[]);
            return Deidentified {
                call,
                body: body.to_vec(),
                report: self.report,
                map: RestoreMap::default(),
                residue,
                residue_at,
            };
        }
        placeholder::collect_tokens(body, &mut self.taken);
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
        let mut written = Vec::with_capacity(self.edits.len());
        for edit in &self.edits {
            let Some(text) = self.texts.get(edit.text) else {
                continue;
            };
            let new = transform.write(&edit.finding, self.surface(edit), &edit.hints);
            let at = text.in_body(edit.finding.range());
            out.extend_from_slice(body.get(copied..at.start).unwrap_or_default());
            quote_into(&new, text.quoted, &mut out);
            copied = at.end;
            written.push(new);
        }
        out.extend_from_slice(body.get(copied..).unwrap_or_default());
        let (residue, residue_at) = self.look(&written);
        Deidentified {
            call,
            body: out,
            report: self.report,
            map: transform.mint.into_map(),
            residue,
            residue_at,
        }
    }

    fn surface(&self, edit: &Edit) -> &str {
        let text = self.texts.get(edit.text);
        text.and_then(|text| text.text.get(edit.finding.range()))
            .unwrap_or_default()
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
            // Numbers and dates are drawn without a look at names.
            let named = |edit: &Edit| !is_nameless(edit.finding.kind);
            if self.edits.iter().any(named) {
                let mut avoided = Avoided::default();
                for edit in of(Kind::Name) {
                    avoided.add(self.surface(edit), &edit.hints);
                }
                if !means.on_file.is_some_and(|on_file| avoided.share(on_file)) {
                    for name in means.known.iter().flat_map(|known| known.full_names()) {
                        avoided.add(name, &NameHints::default());
                    }
                }
                pseudonyms = Pseudonyms::avoiding(key, avoided);
                for name in means.avoided {
                    pseudonyms.avoid_words(name);
                }
            }
            let language = self.edits.first().map(|edit| edit.hints.language);
            let dates = of(Kind::Date).map(|edit| self.surface(edit));
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

    /// Looks over each text as it leaves; gives also where in the body the first strong residue stands.
    fn look(&self, written: &[String]) -> (Residue, usize) {
        let mut replaced = Replaced::default();
        for (edit, new) in self.edits.iter().zip(written) {
            let surface = self.surface(edit);
            if surface != new {
                replaced.add(&edit.finding, surface);
            }
        }
        // A text that was read before for anybody holds nothing of what is on file.
        let known = self.means.known.filter(|_| self.means.reading.is_none());
        let sought = Sought::new(&self.means.profile, known);
        let (mut residue, mut at) = (Residue::default(), 0);
        let mut edits = self.edits.iter().zip(written).peekable();
        for (index, text) in self.texts.iter().enumerate() {
            let mut output = String::with_capacity(text.text.len() + text.text.len() / 8);
            let mut done: Vec<Range<usize>> = Vec::new();
            let mut copied = 0;
            while let Some((edit, new)) = edits.next_if(|(edit, _)| edit.text == index) {
                output.push_str(
                    text.text
                        .get(copied..edit.finding.start)
                        .unwrap_or_default(),
                );
                let start = output.len();
                output.push_str(new);
                done.push(start..output.len());
                copied = edit.finding.end;
            }
            output.push_str(text.text.get(copied..).unwrap_or_default());
            let before = residue.is_strong();
            residue.look(&output, &done, &replaced, &sought);
            if residue.is_strong() && !before {
                at = text.in_body(0..0).start;
            }
        }
        (residue, at)
    }
}

/// Whether what stands for a kind of identifier has nothing to do with anybody's name.
fn is_nameless(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Date | Kind::Age | Kind::Phone | Kind::Fax | Kind::Ssn | Kind::Mrn | Kind::Account
    )
}

/// The texts with their languages: the one that was told, or what each of them shows; a short text is
/// taken for the language of the longest.
fn with_languages(texts: &[Text], told: Option<Language>) -> Vec<(&str, Language)> {
    let texts = texts.iter().map(|text| text.text.as_str());
    let longest = texts.clone().max_by_key(|text| text.len());
    let longest = longest.filter(|text| text.len() >= LANGUAGE_LEN_MIN && told.is_none());
    let shown = longest.map(Language::detect);
    let of = |text: &str| match shown {
        Some(shown) if text.len() < LANGUAGE_LEN_MIN => shown,
        _ => Language::detect(text),
    };
    texts
        .map(|text| (text, told.unwrap_or_else(|| of(text))))
        .collect()
}

/// A finding in JSON inside of a string, without the characters that JSON escapes: an answer may quote the
/// stand-in at any depth, and only what needs no escape is right at each.
fn unquoted(finding: Finding, text: &str) -> Vec<Finding> {
    let surface = text.get(finding.range()).unwrap_or_default();
    let mut parts = Vec::new();
    let mut start = finding.start;
    for part in surface.split_inclusive(is_escaped) {
        let end = start + part.trim_end_matches(is_escaped).len();
        if start < end {
            parts.push(Finding {
                start,
                end,
                ..finding
            });
        }
        start += part.len();
    }
    parts
}

fn is_escaped(character: char) -> bool {
    matches!(character, '"' | '\\') || character < ' '
}

/// Appends a text as it is written inside of strings of JSON.
fn quote_into(text: &str, times: usize, out: &mut Vec<u8>) {
    let plain = |b: u8| b >= b' ' && b != b'"' && b != b'\\';
    if times == 0 || text.bytes().all(plain) {
        return out.extend_from_slice(text.as_bytes());
    }
    let mut quoted = String::with_capacity(text.len() + 8);
    json::escape_into(text, &mut quoted);
    quote_into(&quoted, times - 1, out);
}

/// A shorter text of a conversation is taken for the language of the longest.
const LANGUAGE_LEN_MIN: usize = 200;
