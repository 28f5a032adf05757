//! A second look over what leaves: few, strong patterns that share nothing with the engine's rules.
//!
//! It reads the output, not the input, and knows only where stand-ins were
//! written. What is surely an identifier is strong residue: a gate refuses the
//! call, a batch fails the text. What may be one is weak, and only counted.

mod shapes;

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;

use crate::finding::{Finding, Kind, Layer};
use crate::fold;
use crate::gazetteer;
use crate::known::KnownIdentifiers;
use crate::profile::{Action, Profile};
use crate::secret::Secret;

/// What a second look found in an output, in counts; never a value.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Residue {
    strong: [u32; Kind::ALL.len()],
    weak: [u32; Kind::ALL.len()],
}

impl Residue {
    /// Looks through any text, for instance one that another program has de-identified.
    ///
    /// ```
    /// use wardgate_deid::{Kind, Profile, Residue};
    ///
    /// let residue = Residue::of("Seen today. SSN 219-09-9999.", &Profile::safe_harbor(), None);
    /// assert!(residue.is_strong());
    /// assert_eq!(residue.strong(Kind::Ssn), 1);
    /// assert!(!Residue::of("Seen today. BP 120/80.", &Profile::safe_harbor(), None).is_strong());
    /// ```
    #[must_use]
    pub fn of(text: &str, profile: &Profile, known: Option<&KnownIdentifiers>) -> Self {
        let mut residue = Self::default();
        let replaced = Replaced::default();
        residue.look(text, &[], &replaced, &Sought::new(profile, known));
        residue
    }

    /// Whether something is surely an identifier.
    #[must_use]
    pub fn is_strong(&self) -> bool {
        self.strong.iter().any(|count| *count > 0)
    }

    /// What is surely an identifier of a kind.
    #[must_use]
    pub fn strong(&self, kind: Kind) -> u32 {
        self.strong.get(kind as usize).copied().unwrap_or_default()
    }

    /// What may be an identifier of a kind.
    #[must_use]
    pub fn weak(&self, kind: Kind) -> u32 {
        self.weak.get(kind as usize).copied().unwrap_or_default()
    }

    /// Looks through one output; `done` are the spans of its stand-ins, in order.
    pub(crate) fn look(
        &mut self,
        output: &str,
        done: &[Range<usize>],
        replaced: &Replaced,
        sought: &Sought<'_>,
    ) {
        let folded = fold::fold(output);
        let mut hits = Vec::new();
        shapes::find(&folded.text, &mut hits);
        words(&folded.text, |at, word| {
            hits.extend(replaced.again(word).map(|(kind, strength)| Hit {
                at: at.clone(),
                kind,
                strength,
            }));
            if sought.is_known_name(word) {
                hits.push(Hit {
                    at,
                    kind: Kind::Name,
                    strength: Strength::Strong,
                });
            }
        });
        chunks(&folded.text, |at, compact| {
            if replaced.numbers.contains(compact) || sought.is_known_number(compact) {
                hits.push(Hit {
                    at,
                    kind: Kind::Id,
                    strength: Strength::Strong,
                });
            }
        });
        for hit in hits {
            let at = folded.map.source(hit.at.clone());
            let index = done.partition_point(|done| done.end <= at.start);
            let ours = done.get(index).is_some_and(|done| done.start < at.end);
            if ours || !sought.goes(hit.kind) {
                continue;
            }
            let counts = match hit.strength {
                Strength::Strong => &mut self.strong,
                Strength::Weak => &mut self.weak,
            };
            if let Some(count) = counts.get_mut(hit.kind as usize) {
                *count += 1;
            }
        }
    }
}

impl fmt::Debug for Residue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = |counts: &[u32]| counts.iter().sum::<u32>();
        f.debug_struct("Residue")
            .field("strong", &total(&self.strong))
            .field("weak", &total(&self.weak))
            .finish_non_exhaustive()
    }
}

/// Something that looks like an identifier.
struct Hit {
    at: Range<usize>,
    kind: Kind,
    strength: Strength,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Strength {
    Strong,
    Weak,
}

/// What is looked for besides shapes.
pub(crate) struct Sought<'a> {
    profile: &'a Profile,
    /// In order.
    names: Vec<&'a str>,
    /// In order.
    numbers: Vec<&'a [u8]>,
}

impl<'a> Sought<'a> {
    pub(crate) fn new(profile: &'a Profile, known: Option<&'a KnownIdentifiers>) -> Self {
        let words = known
            .into_iter()
            .flat_map(KnownIdentifiers::full_names)
            .flat_map(|name| name.split(' '));
        let names = words.filter(|word| word.len() >= NAME_LEN_MIN && !gazetteer::is_word(word));
        let mut names: Vec<_> = names.collect();
        names.sort_unstable();
        let numbers = known
            .into_iter()
            .flat_map(KnownIdentifiers::compact_numbers);
        let long = |number: &&[u8]| {
            number.len() >= NUMBER_LEN_MIN
                && number.iter().filter(|b| b.is_ascii_digit()).count() >= NUMBER_DIGITS_MIN
        };
        let mut numbers: Vec<_> = numbers.filter(long).collect();
        numbers.sort_unstable();
        Self {
            profile,
            names,
            numbers,
        }
    }

    fn goes(&self, kind: Kind) -> bool {
        self.profile.action(kind, crate::finding::Part::Whole) != Action::Keep
    }

    fn is_known_name(&self, word: &str) -> bool {
        !self.names.is_empty() && word.len() >= NAME_LEN_MIN && self.has_name(word)
    }

    fn has_name(&self, word: &str) -> bool {
        let lower = word.to_lowercase();
        self.names.binary_search(&lower.as_str()).is_ok()
    }

    fn is_known_number(&self, compact: &str) -> bool {
        let has = |number: &str| self.numbers.binary_search(&number.as_bytes()).is_ok();
        has(compact.trim_start_matches('0')) || has(compact)
    }
}

/// The values that were replaced anywhere in a call.
#[derive(Default)]
pub(crate) struct Replaced {
    names: HashSet<Secret>,
    numbers: HashSet<Secret>,
}

impl Replaced {
    /// Notes a value for which something else was written.
    pub(crate) fn add(&mut self, finding: &Finding, surface: &str) {
        let folded = fold::fold(surface);
        match finding.kind {
            Kind::Name => words(&folded.text, |_, word| {
                let lower = word.to_lowercase();
                if word.len() >= NAME_LEN_MIN && !gazetteer::is_word(&lower) {
                    self.names.insert(Secret::new(word));
                }
            }),
            Kind::Location | Kind::Facility | Kind::Date | Kind::Age => {}
            // A number that only its surroundings made one may be a measure elsewhere.
            _ if !matches!(finding.layer, Layer::Known | Layer::Exact) => {}
            _ => chunks(&folded.text, |_, compact| {
                self.numbers.insert(Secret::new(compact));
            }),
        }
    }

    /// A word of a replaced name that stands in the same writing elsewhere: mostly the same person, but it
    /// can be a street or a disease of the same name.
    fn again(&self, word: &str) -> Option<(Kind, Strength)> {
        self.names
            .contains(word)
            .then_some((Kind::Name, Strength::Weak))
    }
}

/// The runs of letters of a folded text.
fn words<'t>(text: &'t str, mut each: impl FnMut(Range<usize>, &'t str)) {
    let mut start = None;
    for (at, byte) in text.bytes().chain([b' ']).enumerate() {
        let letter = byte.is_ascii_alphabetic() || byte >= 0x80;
        match (letter, start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                start = None;
                if let Some(word) = text.get(from..at).filter(|word| word.len() <= WORD_LEN_MAX) {
                    each(from..at, word);
                }
            }
            _ => {}
        }
    }
}

/// The letters and digits of each run without spaces that has enough digits, small.
fn chunks(text: &str, mut each: impl FnMut(Range<usize>, &str)) {
    let mut at = 0;
    for chunk in text.split_ascii_whitespace() {
        // Runs come in order, so each is behind the last one.
        let start = at
            + text
                .get(at..)
                .and_then(|rest| rest.find(chunk))
                .unwrap_or_default();
        at = start + chunk.len();
        let digits = chunk.bytes().filter(u8::is_ascii_digit).count();
        let measured = chunk.contains(['/', '%', '=']) || is_shift(chunk);
        if digits < NUMBER_DIGITS_MIN || chunk.len() > CHUNK_LEN_MAX || measured {
            continue;
        }
        let compact: String = chunk
            .chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect();
        if compact.len() >= NUMBER_LEN_MIN {
            each(start..at, &compact);
        }
    }
}

/// `0700-1900`: the hours of a shift.
fn is_shift(chunk: &str) -> bool {
    let clock = |text: &str| {
        let (hours, minutes) = text.split_at_checked(2)?;
        let (hours, minutes) = (hours.parse::<u32>().ok()?, minutes.parse::<u32>().ok()?);
        Some(text.len() == 4 && hours < 25 && minutes < 60)
    };
    let chunk = chunk.trim_matches(|c: char| !c.is_ascii_digit());
    let both = chunk
        .split_once('-')
        .and_then(|(from, to)| Some((clock(from)?, clock(to)?)));
    both == Some((true, true))
}

const NAME_LEN_MIN: usize = 4;
const NUMBER_LEN_MIN: usize = 7;
const NUMBER_DIGITS_MIN: usize = 5;
const CHUNK_LEN_MAX: usize = 64;
const WORD_LEN_MAX: usize = 64;
