//! The identifiers on file of the patient whom a call is about.

mod numbers;
mod organizations;
mod places;
mod words;

use std::fmt;
use std::sync::OnceLock;

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::calendar::Day;
use crate::exact::date;
use crate::finding::{Finding, Kind};
use crate::fold;
use crate::lexer::{Lexed, Shape};
use crate::lexicon::{Class, lexicon};
use numbers::Numbers;
use organizations::Organizations;
use places::Places;
use words::{Hit, Words};

/// What is on file about a patient: plain input to [`KnownIdentifiers::compile`].
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
pub struct PatientIdentifiers {
    /// The patient's names: the usual one, a maiden name, aliases.
    pub names: Vec<PersonName>,
    /// Dates of birth, in any usual form.
    pub birth_dates: Vec<String>,
    /// Record, insurance and other numbers of the patient.
    pub record_numbers: Vec<String>,
    /// Addresses.
    pub addresses: Vec<Address>,
    /// Phone and fax numbers, of the patient and of contacts.
    pub phones: Vec<String>,
    /// E-mail addresses, of the patient and of contacts.
    pub emails: Vec<String>,
    /// The names of contacts and relatives.
    pub contacts: Vec<PersonName>,
    /// Organisations that tell of the patient or a relative, such as employers; what says that there is none is
    /// passed over.
    pub organizations: Vec<String>,
}

/// A person's name in its parts.
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
pub struct PersonName {
    /// Given and middle names.
    pub given: Vec<String>,
    /// The family name, as one string.
    pub family: String,
}

/// A postal address.
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
pub struct Address {
    /// Street lines.
    pub lines: Vec<String>,
    /// The city.
    pub city: String,
    /// The postal code.
    pub postal_code: String,
}

/// The dictionary of one patient, to be found in texts.
///
/// It can be shared between threads and calls. The first text makes it ready: many records have none.
pub struct KnownIdentifiers {
    /// The full names, folded, in speaking order: the patient's, then the contacts'.
    people: Vec<Zeroizing<String>>,
    from: PatientIdentifiers,
    index: OnceLock<Index>,
}

/// What is found in texts, by its kind.
#[derive(Default)]
struct Index {
    names: Words,
    places: Places,
    numbers: Numbers,
    organizations: Organizations,
    birth_days: Vec<Day>,
}

impl KnownIdentifiers {
    /// The dictionary of what is on file.
    #[must_use]
    pub fn compile(from: &PatientIdentifiers) -> Self {
        Self::of(from.clone())
    }

    /// The same of what is given away.
    pub(crate) fn of(from: PatientIdentifiers) -> Self {
        let full = |name: &PersonName| {
            let len = name
                .given
                .iter()
                .map(|given| given.len() + 1)
                .sum::<usize>();
            let mut full = String::with_capacity(len + name.family.len());
            for given in &name.given {
                full.push_str(given);
                full.push(' ');
            }
            full.push_str(&name.family);
            let full = Zeroizing::new(full);
            Zeroizing::new(fold::words(&full))
        };
        Self {
            people: from.names.iter().chain(&from.contacts).map(full).collect(),
            from,
            index: OnceLock::new(),
        }
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::of(&self.from))
    }

    /// The full name of a person on file, folded, in speaking order.
    pub(crate) fn full_name(&self, person: u16) -> Option<&str> {
        self.people
            .get(usize::from(person))
            .map(|name| name.as_str())
    }

    /// The full names of all persons on file, folded, in speaking order.
    pub(crate) fn full_names(&self) -> impl Iterator<Item = &str> {
        self.people.iter().map(|name| name.as_str())
    }

    /// The numbers on file: letters and digits, small, without leading zeros when they are all digits.
    pub(crate) fn compact_numbers(&self) -> impl Iterator<Item = &[u8]> {
        self.index().numbers.compact()
    }

    /// Whether a day is a birth date on file.
    pub(crate) fn is_birth_day(&self, day: Day) -> bool {
        self.index().birth_days.contains(&day)
    }

    /// Adds every known identifier in the text.
    pub(crate) fn find(&self, lexed: &Lexed<'_>, findings: &mut Vec<Finding>) {
        if !self.index().names.is_empty() {
            self.find_names(lexed, findings);
        }
        self.index().places.find(lexed, findings);
        self.index().organizations.find(lexed, findings);
        if !self.index().numbers.is_empty() || !self.index().birth_days.is_empty() {
            self.find_numbers(lexed, findings);
        }
    }

    fn find_names(&self, lexed: &Lexed<'_>, findings: &mut Vec<Finding>) {
        let mut behind = 0;
        for at in 0..lexed.tokens.len() {
            if at < behind {
                continue;
            }
            let Some(run) = self.name_run(lexed, at, behind) else {
                continue;
            };
            behind = run.last + 1;
            let span = lexed.span(run.first, run.last);
            findings.push(Finding {
                person: run.person(self.people.len()),
                ..Finding::known(span, Kind::Name, "known.name")
            });
        }
        if !lexed.text.is_ascii() {
            self.index().names.unspaced(lexed.text, |span, _| {
                findings.push(Finding::known(span, Kind::Name, "known.name"));
            });
        }
    }

    /// The parts of one person's name that stand together around a token.
    fn name_run(&self, lexed: &Lexed<'_>, at: usize, behind: usize) -> Option<Run> {
        let Some(hit) = self.index().names.hit(lexed, at) else {
            lexed.token(at).filter(|token| lexed.after(token) == b'-')?;
            let owners = self.index().names.hyphenated(lexed, at)?;
            return Some(Run {
                first: at,
                last: at + 1,
                owners,
            });
        };
        let mut run = Run {
            first: at,
            last: at,
            owners: hit.owners,
        };
        let (mut sure, mut exact_parts) = (hit.sure, usize::from(hit.exact));
        while let Some(part) = self.joined(lexed, run.last + 1, run.owners, run.last + 1) {
            run.last += 1;
            run.owners &= part.owners;
            sure |= part.sure;
            exact_parts += usize::from(part.exact);
        }
        while run.first > behind
            && let Some(part) = self.joined(lexed, run.first - 1, run.owners, run.first)
        {
            run.first -= 1;
            run.owners &= part.owners;
            sure |= part.sure;
            exact_parts += usize::from(part.exact);
        }
        (sure || exact_parts >= 2).then_some(run)
    }

    /// A further part of the same person's name; `gap_at` is the token behind the gap between the two.
    fn joined(&self, lexed: &Lexed<'_>, at: usize, owners: u64, gap_at: usize) -> Option<Hit> {
        let gap = lexed.gap(gap_at);
        let letter = lexed.str(gap_at.checked_sub(1)?).chars().count() == 1;
        if lexed.token(at).is_none() || !joins(gap, letter) {
            return None;
        }
        if let Some(hit) = self
            .index()
            .names
            .hit(lexed, at)
            .filter(|hit| hit.owners & owners != 0)
        {
            return Some(hit);
        }
        let word = lexed.str(at);
        if word.chars().count() == 1 {
            let capital = lexed
                .token(at)
                .is_some_and(|token| token.shape.has_capital());
            let dotted = lexed.gap(at + 1).starts_with('.');
            let owners = self.index().names.initial(word, owners);
            let sure = false;
            let exact = dotted;
            return (owners != 0 && (capital || dotted)).then_some(Hit {
                owners,
                sure,
                exact,
            });
        }
        self.index().names.beside(lexed, at, owners)
    }

    fn find_numbers(&self, lexed: &Lexed<'_>, findings: &mut Vec<Finding>) {
        for (at, token) in lexed.tokens.iter().enumerate() {
            if let Some(hit) = self.index().numbers.hit(lexed, at) {
                let reason = "known.number";
                findings.push(Finding::known(hit.start..hit.end, hit.kind, reason));
            }
            let dated = token.shape == Shape::Number || token.classes.any(Class::MONTH);
            if !dated || self.index().birth_days.is_empty() {
                continue;
            }
            let read = date::read(lexed, at).or_else(|| date::loose(lexed, at));
            if let Some(read) = read
                && read
                    .days
                    .iter()
                    .flatten()
                    .any(|day| self.is_birth_day(*day))
            {
                let reason = "known.birth_date";
                findings.push(Finding::known(read.start..read.end, Kind::Date, reason));
            }
        }
    }
}

impl Index {
    fn of(from: &PatientIdentifiers) -> Self {
        let mut index = Self::default();
        for (at, name) in from.names.iter().chain(&from.contacts).enumerate() {
            index.add_person(at, name);
        }
        for address in &from.addresses {
            index.places.add(address);
            let code = fold::words(&address.postal_code);
            index.numbers.add(&code, Kind::Location, false);
        }
        for number in &from.record_numbers {
            index.add_record_number(number);
        }
        for phone in &from.phones {
            index.numbers.add_phone(&fold::fold(phone).text);
        }
        for email in &from.emails {
            index.add_email(email);
        }
        for name in &from.organizations {
            index.organizations.add(name);
        }
        for date in &from.birth_dates {
            index.add_birth_date(date);
        }
        index
    }

    fn add_person(&mut self, at: usize, name: &PersonName) {
        let owner = 1 << at.min(PEOPLE_MAX - 1);
        for part in name.given.iter().chain([&name.family]) {
            for spelling in spellings(part) {
                for word in spelling.split(' ') {
                    self.names.add(word, owner, true);
                    if (SHORT_GENITIVE_MIN..FUZZY_GENITIVE_MIN).contains(&word.len()) {
                        self.names.add(&format!("{word}s"), owner, false);
                    }
                }
                self.names.add(&spelling.replace(' ', ""), owner, true);
            }
        }
        let family = spellings(&name.family)
            .into_iter()
            .map(|f| f.replace(' ', ""));
        let given = name
            .given
            .first()
            .map(|given| spellings(given))
            .unwrap_or_default();
        for family in family.filter(|family| !family.is_empty()) {
            for given in &given {
                let given = given.replace(' ', "");
                let Some(initial) = given.chars().next() else {
                    continue;
                };
                for joined in [format!("{given}{family}"), format!("{family}{given}")] {
                    self.names.add(&joined, owner, true);
                }
                for joined in [format!("{initial}{family}"), format!("{family}{initial}")] {
                    self.names.add(&joined, owner, false);
                }
            }
        }
    }

    fn add_record_number(&mut self, number: &str) {
        let folded = fold::fold(number);
        self.numbers.add(&folded.text, Kind::Mrn, false);
        // `MRN-4412345` on file is often written without its letters.
        let longest = folded
            .text
            .split(|c: char| !c.is_ascii_digit())
            .max_by_key(|run| run.len());
        if let Some(digits) = longest.filter(|digits| digits.len() >= DIGITS_ALONE_MIN) {
            self.numbers.add(digits, Kind::Mrn, false);
        }
    }

    fn add_email(&mut self, email: &str) {
        let folded = fold::fold(email);
        let (local, _) = folded.text.split_once('@').unwrap_or((&folded.text, ""));
        let words = fold::words(local);
        let common = lexicon().classes_of(&words) != Class::default();
        if !common && words.len() >= LOCAL_PART_MIN {
            self.numbers.add(&words, Kind::Email, false);
        }
    }

    fn add_birth_date(&mut self, date: &str) {
        for day in date::days_of(&fold::fold(date).text).into_iter().flatten() {
            self.birth_days.push(day);
            let (y, m, d) = (day.year(), day.month(), day.day());
            let yy = y % 100;
            for long in [
                format!("{y:04}{m:02}{d:02}"),
                format!("{d:02}{m:02}{y:04}"),
                format!("{m:02}{d:02}{y:04}"),
            ] {
                self.numbers.add(&long, Kind::Date, false);
            }
            for short in [
                format!("{yy:02}{m:02}{d:02}"),
                format!("{d:02}{m:02}{yy:02}"),
                format!("{m:02}{d:02}{yy:02}"),
            ] {
                self.numbers.add(&short, Kind::Date, true);
            }
        }
    }
}

/// Tokens that together are one person's name.
struct Run {
    first: usize,
    last: usize,
    owners: u64,
}

impl Run {
    /// The person, when only one can be meant.
    fn person(&self, people: usize) -> Option<u16> {
        let alone = self.owners.count_ones() == 1 && people < PEOPLE_MAX;
        alone
            .then(|| u16::try_from(self.owners.trailing_zeros()).ok())
            .flatten()
    }
}

/// Whether a gap can stand between parts of one name.
fn joins(gap: &str, behind_letter: bool) -> bool {
    let dots = gap.bytes().filter(|b| *b == b'.').count();
    let dotted = dots == 0 || gap == "." || (behind_letter && dots == 1);
    let kinds = |b: u8| {
        b.is_ascii_whitespace()
            || matches!(
                b,
                b',' | b'.'
                    | b'-'
                    | b'\''
                    | b'_'
                    | b'/'
                    | b'('
                    | b')'
                    | b'*'
                    | b'"'
                    | b'|'
                    | b'^'
                    | b'&'
                    | b'+'
            )
    };
    gap.len() <= JOINT_LEN_MAX && dotted && gap.bytes().all(kinds)
}

/// The ways to write a name in plain letters: `Müller` is also `mueller`, `Mueller` also `muller`.
fn spellings(name: &str) -> Vec<String> {
    if name.bytes().all(|b| b.is_ascii_alphabetic() || b == b' ') {
        return plain_spellings(name);
    }
    let lower = name.to_lowercase();
    let spelled_out = lower
        .replace('ä', "ae")
        .replace('ö', "oe")
        .replace('ü', "ue")
        .replace('ø', "oe")
        .replace('å', "aa");
    let plain = fold::words(name);
    let contracted = plain
        .replace("ae", "a")
        .replace("oe", "o")
        .replace("ue", "u");
    let mut spellings = vec![plain, fold::words(&spelled_out), contracted];
    spellings.dedup();
    spellings
}

/// The same of a name in plain letters, which has no other spelling than with fewer of them.
fn plain_spellings(name: &str) -> Vec<String> {
    let plain = fold::words(name);
    let umlauts = plain.as_bytes().windows(2);
    if !umlauts
        .into_iter()
        .any(|two| matches!(two, b"ae" | b"oe" | b"ue"))
    {
        return vec![plain];
    }
    let contracted = plain
        .replace("ae", "a")
        .replace("oe", "o")
        .replace("ue", "u");
    vec![plain, contracted]
}

impl fmt::Debug for PatientIdentifiers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PatientIdentifiers")
            .field("names", &self.names.len())
            .field("birth_dates", &self.birth_dates.len())
            .field("record_numbers", &self.record_numbers.len())
            .field("addresses", &self.addresses.len())
            .field("phones", &self.phones.len())
            .field("emails", &self.emails.len())
            .field("contacts", &self.contacts.len())
            .field("organizations", &self.organizations.len())
            .finish()
    }
}

impl fmt::Debug for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonName")
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address")
    }
}

impl fmt::Debug for KnownIdentifiers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownIdentifiers")
            .field("people", &self.people.len())
            .finish_non_exhaustive()
    }
}

/// People of one file that are told apart; the further ones share a mark.
const PEOPLE_MAX: usize = 64;
/// Characters between two parts of a name, line breaks and indents included.
const JOINT_LEN_MAX: usize = 8;
/// A number on file that has letters is also looked for without them, when it has this many digits.
const DIGITS_ALONE_MIN: usize = 5;
/// Shorter local parts of e-mail addresses say nothing by themselves.
const LOCAL_PART_MIN: usize = 5;
/// Names of this length up to the next bound are also known with a genitive `s`.
const SHORT_GENITIVE_MIN: usize = 3;
/// From this length on, one mistake covers the genitive.
const FUZZY_GENITIVE_MIN: usize = 5;
