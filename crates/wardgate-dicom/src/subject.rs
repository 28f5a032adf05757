//! Whom a file is about: keys, dictionary, and what stands for their names, numbers and texts.
//!
//! Files of one study identify alike, so subjects are shared between files, and what was made of a value once
//! is not made again. Nothing that a subject remembers changes any output: every value is made by a scope of
//! its own, whatever was made before.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use wardgate_deid::{
    DateAs, Day, Engine, Kind, NameHints, Part, RecordPatient, RecordRules, RecordScope, Tracer,
    Traces,
};

use crate::clean::well_known;
use crate::identity::{Identity, people};

/// The subjects of a run, and the texts that are known to hold nothing.
pub(crate) struct Subjects {
    rules: Arc<RecordRules>,
    known: Mutex<HashMap<String, Arc<Subject>>>,
    /// Texts in which nothing was found, as long as no identifier of a file is in them.
    plain: Mutex<HashSet<Box<str>>>,
    exact: Engine,
}

/// Whom a file is about.
pub(crate) struct Subject {
    patient: RecordPatient,
    finder: Option<AhoCorasick>,
    /// What each pattern of the finder is: a word of a name, or a value that is replaced wherever it stands.
    sought: Vec<Sought>,
    traces: Traces,
    /// Made when it is first needed.
    tracer: OnceLock<Tracer>,
    /// The days by which the patient's dates move.
    shift_days: i64,
    made: Mutex<Made>,
}

/// What stands for values, by the kind of field and the value.
#[derive(Default)]
struct Made {
    slots: HashMap<u16, HashMap<Box<str>, Arc<str>>>,
    count: usize,
}

struct Sought {
    kind: Kind,
    /// Replaced as it stands, because the text engine does not know such values.
    literal: bool,
}

impl Subjects {
    pub(crate) fn new(rules: Arc<RecordRules>) -> Self {
        Self {
            rules,
            known: Mutex::default(),
            plain: Mutex::default(),
            exact: Engine::exact_only(),
        }
    }

    pub(crate) fn rules(&self) -> &RecordRules {
        &self.rules
    }

    /// The subject of a file.
    pub(crate) fn of(&self, identity: &Identity) -> Arc<Subject> {
        let key = identity.digest_text();
        if let Some(subject) = lock(&self.known).get(&key) {
            return Arc::clone(subject);
        }
        let subject = Arc::new(Subject::new(&self.rules, identity));
        let mut known = lock(&self.known);
        if known.len() >= SUBJECTS_MAX {
            known.clear();
        }
        known.insert(key, Arc::clone(&subject));
        subject
    }

    /// What stands for a field that holds one identifier.
    pub(crate) fn field(
        &self,
        subject: &Subject,
        (kind, part): (Kind, Part),
        written: &str,
        hints: &NameHints,
    ) -> Arc<str> {
        let part_of_name = hints.part.map_or(0, |part| 1 + part as u16);
        let sex = hints.sex.map_or(0, |sex| 1 + sex as u16);
        let slot = 1 + kind as u16 + 32 * part_of_name + 128 * sex;
        subject.remember(slot, written, || {
            self.scope(subject).field(kind, part, written, hints)
        })
    }

    /// Free text, cleaned; nothing when it cannot be.
    pub(crate) fn text(&self, subject: &Subject, text: &str) -> Arc<str> {
        let found = subject.finds(text) || uids(text).next().is_some();
        if !found && lock(&self.plain).contains(text) {
            return Arc::from(text);
        }
        let cleaned = subject.remember(0, text, || self.cleaned(subject, text));
        if !found && *cleaned == *text {
            self.note_plain(text);
        }
        cleaned
    }

    /// A short coded or technical text: looked at by the text engine only when something in it looks like an
    /// identifier. `coded` texts are no prose at all, so that only the file's own identifiers are looked for.
    pub(crate) fn short(&self, subject: &Subject, text: &str, coded: bool) -> Arc<str> {
        // A word of a name may be a word of a code too: there, only what is surely a name counts.
        if subject.finds(text) && (!coded || subject.tracer().value(text).any()) {
            return self.text(subject, text);
        }
        if uids(text).next().is_some() {
            return self.text(subject, text);
        }
        if coded || lock(&self.plain).contains(text) {
            return Arc::from(text);
        }
        let findings = self.exact.detect(text, None);
        if findings.iter().any(|finding| tells(finding.kind)) {
            return self.text(subject, text);
        }
        self.note_plain(text);
        Arc::from(text)
    }

    /// Whether the day of a birth may stand, moved or not: it tells of no age that goes.
    pub(crate) fn birth_stands(&self, subject: &Subject, day: Day) -> bool {
        let told = subject.remember(BIRTH, &day.iso(), || {
            let stands = match self.scope(subject).birth_day(day) {
                DateAs::Kept | DateAs::Moved(_) => "stands",
                DateAs::Year(_) | DateAs::Gone => "",
            };
            stands.to_owned()
        });
        !told.is_empty()
    }

    /// The transforms of a subject's records.
    pub(crate) fn scope<'s>(&'s self, subject: &'s Subject) -> RecordScope<'s> {
        self.rules.scope(&subject.patient)
    }

    fn cleaned(&self, subject: &Subject, text: &str) -> String {
        if text.len() > TEXT_BYTES_MAX {
            return String::new();
        }
        let masked = self.uids_replaced(&self.masked(subject, text));
        let cleaned = self.scope(subject).text(&masked);
        let cleaned = cleaned.map(|(cleaned, _)| cleaned).unwrap_or_default();
        if subject.tracer().value(&cleaned).any() {
            return String::new();
        }
        cleaned
    }

    /// The text with institutions, addresses and numbers of the file replaced as they stand.
    fn masked(&self, subject: &Subject, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut copied = 0;
        for (at, kind) in subject.literals(text) {
            if at.start < copied {
                continue;
            }
            out.push_str(text.get(copied..at.start).unwrap_or_default());
            let written = text.get(at.clone()).unwrap_or_default();
            let field = self.field(subject, (kind, Part::Whole), written, &NameHints::default());
            out.push_str(&field);
            copied = at.end;
        }
        out.push_str(text.get(copied..).unwrap_or_default());
        out
    }

    /// The text with the UIDs in it replaced as they are in attributes.
    fn uids_replaced(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut copied = 0;
        for at in uids(text) {
            out.push_str(text.get(copied..at.start).unwrap_or_default());
            let uid = text.get(at.clone()).unwrap_or_default();
            out.push_str(&self.rules.key().uid(uid));
            copied = at.end;
        }
        out.push_str(text.get(copied..).unwrap_or_default());
        out
    }

    fn note_plain(&self, text: &str) {
        if text.len() > PLAIN_BYTES_MAX {
            return;
        }
        let mut plain = lock(&self.plain);
        if plain.len() >= PLAIN_MAX {
            plain.clear();
        }
        plain.insert(text.into());
    }
}

impl Subject {
    fn new(rules: &RecordRules, identity: &Identity) -> Self {
        let mut patterns: Vec<String> = Vec::new();
        let mut sought = Vec::new();
        let mut traces = Traces::default();
        let mut add = |pattern: String, kind, literal| {
            patterns.push(pattern);
            sought.push(Sought { kind, literal });
        };
        for name in identity.names.iter().chain(&identity.others) {
            traces_of_name(&mut traces, name);
            let words = name.split(|c: char| !c.is_alphabetic());
            for word in words.filter(|word| long_enough(word)) {
                add(word.to_owned(), Kind::Name, false);
            }
        }
        for (kind, value) in &identity.values {
            if keeps(rules, *kind) {
                continue;
            }
            traces.value(*kind, value);
            if value.chars().filter(|c| c.is_alphanumeric()).count() >= LITERAL_LEN_MIN {
                add(value.clone(), *kind, true);
            }
        }
        for birth in &identity.birth_dates {
            add(birth.clone(), Kind::Date, false);
        }
        let finder = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&patterns)
            .ok();
        let patient = rules.patient(&identity.number, &identity.on_file());
        Self {
            shift_days: rules.scope(&patient).shift_days(),
            patient,
            finder,
            sought,
            traces,
            tracer: OnceLock::new(),
            made: Mutex::default(),
        }
    }

    /// The days by which the patient's dates move.
    pub(crate) fn shift_days(&self) -> i64 {
        self.shift_days
    }

    /// Whether an identifier of the file could stand in a text.
    pub(crate) fn finds(&self, text: &str) -> bool {
        let Some(finder) = &self.finder else {
            return true;
        };
        finder
            .find_iter(text)
            .any(|hit| stands_alone(text, hit.start()..hit.end()))
    }

    /// Whether a value is, as a whole, a number that the file gives to somebody.
    pub(crate) fn is_number(&self, written: &str) -> bool {
        let whole = written.trim();
        let bare = whole.bytes().all(|byte| byte.is_ascii_digit());
        bare && whole.len() >= NUMBER_LEN_MIN && self.tracer().value(whole).any()
    }

    /// Whether bytes hold an identifier of the file, in any of the spellings that are sought in outputs.
    pub(crate) fn traced(&self, bytes: &[u8]) -> bool {
        self.tracer().bytes(bytes).any()
    }

    fn tracer(&self) -> &Tracer {
        self.tracer.get_or_init(|| self.traces.compile_quickly())
    }

    /// The values of the file that stand in a text as they are, with their kinds.
    fn literals(&self, text: &str) -> Vec<(std::ops::Range<usize>, Kind)> {
        let Some(finder) = &self.finder else {
            return Vec::new();
        };
        let hits = finder.find_iter(text);
        let literal = hits.filter_map(|hit| {
            let sought = self.sought.get(hit.pattern().as_usize())?;
            let at = hit.start()..hit.end();
            (sought.literal && stands_alone(text, at.clone())).then_some((at, sought.kind))
        });
        literal.collect()
    }

    fn remember(&self, slot: u16, value: &str, make: impl FnOnce() -> String) -> Arc<str> {
        if value.len() > MADE_BYTES_MAX {
            return Arc::from(make());
        }
        let known = lock(&self.made).known(slot, value);
        if let Some(made) = known {
            return made;
        }
        let new: Arc<str> = Arc::from(make());
        lock(&self.made).note(slot, value, Arc::clone(&new));
        new
    }
}

impl Made {
    fn known(&self, slot: u16, value: &str) -> Option<Arc<str>> {
        self.slots.get(&slot)?.get(value).map(Arc::clone)
    }

    fn note(&mut self, slot: u16, value: &str, made: Arc<str>) {
        if self.count >= MADE_MAX {
            *self = Self::default();
        }
        self.count += 1;
        self.slots
            .entry(slot)
            .or_default()
            .insert(value.into(), made);
    }
}

impl fmt::Debug for Subjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subjects").finish_non_exhaustive()
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").finish_non_exhaustive()
    }
}

/// Notes a name in each of the ways in which it is written.
pub(crate) fn traces_of_name(traces: &mut Traces, name: &str) {
    for person in people(name) {
        let full = format!("{} {}", person.given.join(" "), person.family);
        traces.name(full.trim());
    }
}

/// Whether the profile lets identifiers of a kind stand.
pub(crate) fn keeps(rules: &RecordRules, kind: Kind) -> bool {
    rules.profile().action(kind, Part::Whole) == wardgate_deid::Action::Keep
}

/// Where UIDs stand in a text, but for those of the standard.
fn uids(text: &str) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
    let mut from = 0;
    let dotted = |c: char| c.is_ascii_digit() || c == '.';
    std::iter::from_fn(move || {
        loop {
            let rest = text.get(from..)?;
            let start = from + rest.find(dotted)?;
            let run = text.get(start..)?;
            let end = start + run.find(|c| !dotted(c)).unwrap_or(run.len());
            from = end;
            let uid = text.get(start..end)?.trim_end_matches('.');
            let dots = uid.bytes().filter(|byte| *byte == b'.').count();
            if dots >= UID_DOTS_MIN && uid.len() >= UID_LEN_MIN && !well_known(uid) {
                return Some(start..start + uid.len());
            }
        }
    })
}

/// Whether neither end of a hit lies within a word.
fn stands_alone(text: &str, at: std::ops::Range<usize>) -> bool {
    let before = text
        .get(..at.start)
        .and_then(|text| text.chars().next_back());
    let behind = text.get(at.end..).and_then(|text| text.chars().next());
    let spaced = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    // Scripts without spaces have no edges of words.
    let unspaced = text.get(at).is_some_and(|hit| !hit.is_ascii());
    unspaced || (spaced(before) && spaced(behind))
}

/// Names of two letters are words far more often, unless their script writes a name in two.
fn long_enough(word: &str) -> bool {
    word.chars().count() >= if word.is_ascii() { 3 } else { 2 }
}

/// The kinds that a rule finds in short texts surely enough to look closer.
fn tells(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::Facility | Kind::Location | Kind::Device | Kind::Age | Kind::Ip
    )
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Versions of programs have fewer dots, or are shorter.
const UID_DOTS_MIN: usize = 4;
const UID_LEN_MIN: usize = 14;
/// The slot of birth dates among what was made; fields and texts have lower ones.
const BIRTH: u16 = u16::MAX;
const SUBJECTS_MAX: usize = 256;
const MADE_MAX: usize = 1024;
const MADE_BYTES_MAX: usize = 1024;
const PLAIN_MAX: usize = 65_536;
const PLAIN_BYTES_MAX: usize = 256;
/// Longer texts are taken out whole.
const TEXT_BYTES_MAX: usize = 8 << 20;
/// Shorter numbers are counts and measures far more often.
const NUMBER_LEN_MIN: usize = 6;
const LITERAL_LEN_MIN: usize = 4;
