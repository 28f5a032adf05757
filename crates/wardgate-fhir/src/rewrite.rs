//! The single pass: the input is copied as it is, but for what the treatments replace or cut out.
//!
//! The reader drives the automaton of the types; nothing is built. What stays is copied in one piece up to the next
//! change, so numbers keep their text and keys their order.

mod attachment;
mod leaf;
mod moment;
mod people;
mod prose;
mod reference;
mod ruled;
mod subject;

pub(crate) use attachment::decoded;
pub(crate) use leaf::hides_text;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use wardgate_deid::{Engine, Operation, RecordFault, RecordRules};

use crate::counts::Counts;
use crate::extension::Holds;
use crate::memory::Memory;
use crate::overlay::{Overlay, Standing};
use crate::patients::{Patient, PatientIndex};
use crate::reader::{Cursor, DEPTH_MAX, Quoted, position, too_deep};
use crate::schema::{Member, Schema, Shape, UNKNOWN_ELEMENT, UNKNOWN_EXTENSION, WRONG_KIND};
use crate::treatment::Special;

/// What all resources of a run share.
pub(crate) struct Means<'m> {
    pub(crate) rules: &'m RecordRules,
    /// The text engine's rules without its learned parts, for the words of code systems.
    pub(crate) exact: &'m Engine,
    /// All of the text engine.
    pub(crate) whole: &'m Engine,
    pub(crate) index: &'m PatientIndex,
    pub(crate) schema: &'static Schema,
    /// Whom resources belong to that are about nobody.
    pub(crate) nobody: &'m Arc<Patient>,
    pub(crate) overlay: Option<&'m Overlay>,
    /// Names that no stand-in may have a word of.
    pub(crate) avoided: &'m [String],
    pub(crate) keep_ids: bool,
    pub(crate) keep_urls: bool,
}

/// Writes one record.
pub(crate) fn rewrite(
    means: &Means<'_>,
    memory: &mut Memory,
    counts: &mut Counts,
    input: &[u8],
    output: &mut Vec<u8>,
) -> Result<(), RecordFault> {
    let mut cursor = Cursor::new(input)?;
    let start = cursor.at;
    if cursor.next_sign() != Some(b'{') {
        return Err(no_object().at(position(cursor.at)));
    }
    cursor.at = start;
    let ends = cursor.ends()?;
    let cursor = cursor.over(&ends);
    let mut rewrite = Rewrite {
        means,
        memory,
        counts,
        cursor,
        output,
        copied: start,
        seen: Vec::new(),
        local: PatientIndex::new(),
        sole: None,
        people: vec![Arc::clone(means.nobody)],
        others: Vec::new(),
        standings: Vec::new(),
        document: None,
    };
    if ends.nested {
        rewrite.learn_locally();
    }
    rewrite.cursor.next_sign();
    let place = rewrite.root();
    if rewrite.resource(place)? == Fate::Gone {
        return Err(RecordFault::new(
            "fhir.rules",
            "the rules leave nothing of the resource",
            "keep at least its type in the rule file",
        ));
    }
    rewrite.cursor.finish()?;
    rewrite.flush(input.len());
    Ok(())
}

struct Rewrite<'w, 'a> {
    means: &'w Means<'w>,
    memory: &'w mut Memory,
    counts: &'w mut Counts,
    cursor: Cursor<'a>,
    output: &'w mut Vec<u8>,
    /// Input up to here is in the output, or cut out of it.
    copied: usize,
    /// The members that the open objects have had.
    seen: Vec<u16>,
    /// Patients of this very record: in a Bundle, or contained.
    local: PatientIndex,
    /// The one patient of a Bundle.
    sole: Option<usize>,
    /// Whom the resources of this record are about; the first is nobody.
    people: Vec<Arc<Patient>>,
    /// For each open resource, the people that it tells of.
    others: Vec<prose::Others<'a>>,
    /// Sets of rules that can still be met.
    standings: Vec<Standing>,
    /// What became of the last document, by the byte at which its attachment begins.
    document: Option<(usize, attachment::Document)>,
}

/// Where the pass stands.
#[derive(Clone, Copy)]
struct Place {
    /// Whom the resource is about, among `people`.
    patient: usize,
    /// The type of the resource.
    kind: &'static str,
    /// Whether its own values belong to nobody's record: practitioners, organizations, places.
    provider: bool,
    depth: usize,
    /// The byte at which the innermost object begins.
    at: usize,
    targets: crate::schema::Targets,
    /// What the extension holds whose values these are.
    holds: Option<Holds>,
    /// Which rules of a rule file can still be met, among `standings`.
    standing: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Stays,
    Gone,
}

/// A state of the output that can be returned to.
#[derive(Clone, Copy)]
struct Mark {
    length: usize,
    copied: usize,
}

impl<'a> Rewrite<'_, 'a> {
    /// A resource, at its opening brace.
    fn resource(&mut self, outer: Place) -> Result<Fate, RecordFault> {
        let start = self.cursor.at;
        let place = self.place_of_resource(&outer)?;
        let Some(shape) = self.means.schema.resource(place.kind) else {
            return Err(unknown_resource().at(position(start)));
        };
        self.others.push(prose::Others::of(start, place.kind));
        let done = self.object(shape, place);
        self.others.pop();
        done
    }

    /// An object of a known shape, at its opening brace.
    fn object(&mut self, shape: &Shape, mut place: Place) -> Result<Fate, RecordFault> {
        place.depth += 1;
        if place.depth > DEPTH_MAX {
            return Err(too_deep().at(position(self.cursor.at)));
        }
        place.at = self.cursor.at;
        self.cursor.expect(b'{')?;
        if self.cursor.next_sign() == Some(b'}') {
            self.cursor.at += 1;
            return Ok(Fate::Gone);
        }
        let seen = self.seen.len();
        let resource = place.kind == shape.name;
        let mut kept = 0usize;
        let mut separator = self.cursor.at;
        let mut first = true;
        loop {
            let mark = self.mark();
            // Nothing stands yet, so the comma in front has nothing to part.
            if kept == 0 && !first {
                self.cut(separator..separator + 1);
            }
            first = false;
            self.cursor.next_sign();
            let at = self.cursor.at + 1;
            let key = self.cursor.key()?;
            self.cursor.next_sign();
            let fate = match self.known(shape, key, (seen, resource), at)? {
                Known::Type => self.resource_type_member()?,
                Known::Member(member) => self.member(member, &place)?,
                Known::Unknown => self.removed(UNKNOWN_ELEMENT, &place)?,
            };
            match fate {
                Fate::Stays => kept += 1,
                Fate::Gone => {
                    self.restore(mark);
                    self.cut(separator..self.cursor.at);
                    kept += self.absent(shape, &key.text(), kept, &place);
                }
            }
            match self.cursor.next_sign() {
                Some(b',') => {
                    separator = self.cursor.at;
                    self.cursor.at += 1;
                }
                Some(b'}') => {
                    self.cursor.at += 1;
                    break;
                }
                _ => return Err(self.cursor.unexpected()),
            }
        }
        self.seen.truncate(seen);
        Ok(if kept == 0 { Fate::Gone } else { Fate::Stays })
    }

    /// What a key is; the same key twice is refused.
    fn known<'s>(
        &mut self,
        shape: &'s Shape,
        quoted: Quoted<'_>,
        (seen, resource): (usize, bool),
        at: usize,
    ) -> Result<Known<'s>, RecordFault> {
        let key = quoted.text();
        let (number, known) = match shape.member(&key) {
            Some((number, member)) => (number, Known::Member(member)),
            None if key == "resourceType" && resource => (u16::MAX, Known::Type),
            None => return Ok(Known::Unknown),
        };
        if self.seen.get(seen..).unwrap_or_default().contains(&number) {
            return Err(RecordFault::new(
                "fhir.duplicate_key",
                "an object has the same key twice",
                "two readers could read it differently; export the resource again",
            )
            .at(position(at)));
        }
        self.seen.push(number);
        if quoted.escaped {
            // What is kept is written as every reader writes it.
            self.replace(at..at + quoted.raw.len(), key.as_bytes());
        }
        Ok(known)
    }

    fn resource_type_member(&mut self) -> Result<Fate, RecordFault> {
        self.cursor.skip(0)?;
        Ok(Fate::Stays)
    }

    /// The value of a member.
    fn member(&mut self, member: &Member, place: &Place) -> Result<Fate, RecordFault> {
        let list = self.cursor.peek() == Some(b'[');
        if self.means.overlay.is_none() && !list {
            return self.value(member, place);
        }
        let mut inner = *place;
        if self.means.overlay.is_some() {
            inner.standing = self.step(place, member);
        }
        match list {
            true => self.array(member, inner),
            false => self.value(member, &inner),
        }
    }

    fn array(&mut self, member: &Member, mut place: Place) -> Result<Fate, RecordFault> {
        place.depth += 1;
        if place.depth > DEPTH_MAX {
            return Err(too_deep().at(position(self.cursor.at)));
        }
        if !member.many {
            return self.removed(WRONG_KIND, &place);
        }
        self.cursor.expect(b'[')?;
        if self.cursor.next_sign() == Some(b']') {
            self.cursor.at += 1;
            return Ok(Fate::Gone);
        }
        let mut kept = 0usize;
        let mut told = false;
        let mut separator = self.cursor.at;
        let mut first = true;
        loop {
            let mark = self.mark();
            if kept == 0 && !first {
                self.cut(separator..separator + 1);
            }
            first = false;
            let start = match self.cursor.next_sign() {
                Some(_) => self.cursor.at,
                None => return Err(self.cursor.unexpected()),
            };
            let null = self.cursor.peek() == Some(b'n');
            match self.value(member, &place)? {
                Fate::Stays => {
                    kept += 1;
                    told |= !null;
                }
                // Primitives and their extensions keep their places beside each other.
                Fate::Gone if member.companion || self.has_companion(member, &place) => {
                    self.restore(mark);
                    self.replace(start..self.cursor.at, b"null");
                    kept += 1;
                }
                Fate::Gone => {
                    self.restore(mark);
                    self.cut(separator..self.cursor.at);
                }
            }
            match self.cursor.next_sign() {
                Some(b',') => {
                    separator = self.cursor.at;
                    self.cursor.at += 1;
                }
                Some(b']') => {
                    self.cursor.at += 1;
                    break;
                }
                _ => return Err(self.cursor.unexpected()),
            }
        }
        Ok(if told { Fate::Stays } else { Fate::Gone })
    }

    fn value(&mut self, member: &Member, place: &Place) -> Result<Fate, RecordFault> {
        let met;
        let mut place = place;
        if let Some(overlay) = self.means.overlay {
            met = self.met(member, place);
            place = &met;
            let method = self
                .standings
                .get(met.standing)
                .and_then(|standing| overlay.method(standing));
            if let Some(method) = method
                && let Some(fate) = self.ruled(method, member, place)?
            {
                return Ok(fate);
            }
        }
        match self.cursor.peek() {
            Some(b'{') => self.nested(member, place),
            Some(b'[') | None => self.removed(WRONG_KIND, place),
            Some(_) => self.leaf(member, place),
        }
    }

    fn nested(&mut self, member: &Member, place: &Place) -> Result<Fate, RecordFault> {
        let shape = self.means.schema.shape_of(member);
        let Some(shape) = shape else {
            return self.removed(WRONG_KIND, place);
        };
        let mut inner = *place;
        inner.targets = member.targets;
        match member.special {
            Special::Remove => return self.removed(member.element, place),
            Special::Resource => return self.resource(inner),
            Special::Extension => match self.extension(&mut inner) {
                true => {}
                // A rule that keeps it lets it stand.
                false if self.is_kept_by_rule(place) => {}
                false => return self.removed(UNKNOWN_EXTENSION, place),
            },
            _ => {}
        }
        self.object(shape, inner)
    }

    /// Whether an extension may stand; the place then knows what it holds.
    fn extension(&self, place: &mut Place) -> bool {
        let url = self
            .sibling_at(self.cursor, place.depth, "url")
            .unwrap_or_default();
        let relative = !url.contains(':');
        match Holds::of(&url) {
            Some(Holds::Identity) => false,
            Some(holds) => {
                place.holds = Some(holds);
                true
            }
            // The parts of a known extension have names instead of URLs.
            None => relative && place.holds.is_some(),
        }
    }

    /// Passes over a value that goes, and counts it.
    fn removed(&mut self, element: u32, place: &Place) -> Result<Fate, RecordFault> {
        self.cursor.skip(place.depth)?;
        self.counts.note(element, Operation::Removed);
        Ok(Fate::Gone)
    }

    /// What stands for a required element that went: the reason why it is absent. Counts the members written.
    fn absent(&mut self, shape: &Shape, key: &str, kept: usize, place: &Place) -> usize {
        let Some((_, member)) = shape.member(key) else {
            return 0;
        };
        if !member.required || place.holds.is_some() {
            return 0;
        }
        let companion = format!("_{key}");
        if self.has_sibling(place, &companion) {
            return 0;
        }
        let (key, many) = match &member.shape {
            None => (companion.as_str(), member.many),
            Some(_) => (key, member.many),
        };
        let comma = if kept > 0 { "," } else { "" };
        let (open, close) = if many { ("[", "]") } else { ("", "") };
        let text = format!("{comma}\"{key}\":{open}{MASKED}{close}");
        self.output.extend_from_slice(text.as_bytes());
        1
    }

    fn has_companion(&self, member: &Member, place: &Place) -> bool {
        member.shape.is_none() && self.has_sibling(place, &format!("_{}", member.key))
    }

    fn mark(&self) -> Mark {
        Mark {
            length: self.output.len(),
            copied: self.copied,
        }
    }

    fn restore(&mut self, mark: Mark) {
        self.output.truncate(mark.length);
        self.copied = mark.copied;
    }

    /// Copies what stands up to a byte of the input.
    fn flush(&mut self, to: usize) {
        let kept = self.cursor.slice(self.copied..to);
        self.output.extend_from_slice(kept);
        self.copied = to;
    }

    fn cut(&mut self, at: Range<usize>) {
        self.flush(at.start);
        self.copied = at.end;
    }

    fn replace(&mut self, at: Range<usize>, with: &[u8]) {
        self.cut(at);
        self.output.extend_from_slice(with);
    }

    /// A string member beside the value that is being read.
    fn sibling(&self, place: &Place, key: &str) -> Option<Cow<'a, str>> {
        let mut cursor = self.cursor;
        cursor.at = place.at;
        self.sibling_at(cursor, place.depth, key)
    }

    fn sibling_at(&self, object: Cursor<'a>, depth: usize, key: &str) -> Option<Cow<'a, str>> {
        let found = object.members(depth).find(|(other, _)| *other == key);
        let (_, value) = found?;
        value.text()
    }

    fn has_sibling(&self, place: &Place, key: &str) -> bool {
        let mut cursor = self.cursor;
        cursor.at = place.at;
        cursor.members(place.depth).any(|(other, _)| other == key)
    }
}

enum Known<'s> {
    Type,
    Member(&'s Member),
    Unknown,
}

fn no_object() -> RecordFault {
    RecordFault::new(
        "fhir.no_object",
        "the record is no JSON object, or there is nothing in it",
        "give one resource a record: an object with `resourceType`",
    )
}

fn unknown_resource() -> RecordFault {
    RecordFault::new(
        "fhir.unknown_resource",
        "the type of a resource is in neither R4 nor R5, or the version that was asked for does not have it",
        "check `resourceType`, and the version of FHIR that the data has",
    )
}

const MASKED: &str = r#"{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"}]}"#;
