//! What the rules of a rule file do to a value, where one of them holds.

use wardgate_deid::{Operation, RecordFault};

use super::{Fate, Place, Rewrite};
use crate::overlay::{Compare, Method, Order, Standing};
use crate::reader::escape;
use crate::schema::Member;
use crate::treatment::{Leaf, Special};

impl Rewrite<'_, '_> {
    pub(super) fn first_standing(&mut self) -> usize {
        self.stand(Standing::default())
    }

    /// The rules at the resource that begins at the cursor.
    pub(super) fn begin_rules(&mut self, kind: &str, depth: usize) -> usize {
        match self.means.overlay {
            Some(overlay) => {
                let standing = overlay.begin(kind, &self.cursor, depth);
                self.stand(standing)
            }
            None => 0,
        }
    }

    /// The rules behind a member.
    pub(super) fn step(&mut self, place: &Place, member: &Member) -> usize {
        let (Some(overlay), Some(before)) =
            (self.means.overlay, self.standings.get(place.standing))
        else {
            return 0;
        };
        let standing = overlay.step(before, member, self.kind_of(member));
        self.stand(standing)
    }

    /// The place of one value of a member: its conditions are tried.
    pub(super) fn met(&mut self, member: &Member, place: &Place) -> Place {
        let (Some(overlay), Some(standing)) =
            (self.means.overlay, self.standings.get(place.standing))
        else {
            return *place;
        };
        let mut standing = standing.clone();
        overlay.filter(
            &mut standing,
            Some(self.kind_of(member)),
            &self.cursor,
            place.depth,
        );
        Place {
            standing: self.stand(standing),
            ..*place
        }
    }

    pub(super) fn is_kept_by_rule(&self, place: &Place) -> bool {
        let standing = self.standings.get(place.standing);
        let method = standing.and_then(|standing| self.means.overlay?.method(standing));
        method == Some(&Method::Keep)
    }

    /// Does what a rule says to a value; nothing where the rule leaves it to the table of treatments.
    pub(super) fn ruled(
        &mut self,
        method: &Method,
        member: &Member,
        place: &Place,
    ) -> Result<Option<Fate>, RecordFault> {
        let object = self.cursor.peek() == Some(b'{');
        if let (Method::Substitute(json), true) = (method, object == json_is_object(method)) {
            let start = self.cursor.at;
            self.cursor.skip(place.depth)?;
            self.replace(start..self.cursor.at, json.as_bytes());
            self.counts.note(member.element, Operation::Replaced);
            return Ok(Some(Fate::Stays));
        }
        if object || self.cursor.peek() == Some(b'[') || member.special == Special::Resource {
            return Ok(None);
        }
        let start = self.cursor.at;
        let mut ahead = self.cursor;
        ahead.skip(place.depth)?;
        let raw = self.cursor.slice(start..ahead.at);
        let text = match self.cursor.text() {
            Some(text) => text.into_owned(),
            None => String::from_utf8_lossy(raw).into_owned(),
        };
        let quoted = raw.first() == Some(&b'"');
        let moment = matches!(member.leaf, Leaf::Moment | Leaf::Birth);
        let written = match method {
            Method::Keep => Some((text.clone(), Operation::Kept)),
            Method::Redact => self.redacted(member, place, &text),
            Method::DateShift if moment => self.moment(place, &text, member.leaf == Leaf::Birth),
            Method::Hash if quoted => self
                .hashed(member, place, &text)
                .map(|text| (text, Operation::Replaced)),
            Method::Perturb {
                span,
                proportional,
                decimals,
            } if !quoted => self.perturbed(place, &text, (*span, *proportional, *decimals)),
            Method::Generalise {
                cases,
                otherwise_kept,
            } => generalised(cases, *otherwise_kept, &text),
            // What a method does not fit is treated as if no rule were met.
            _ => return Ok(None),
        };
        self.cursor = ahead;
        let Some((written, operation)) = written else {
            return Ok(Some(self.gone(member)));
        };
        self.counts.note(member.element, operation);
        if operation != Operation::Kept {
            let number = !quoted && written.parse::<f64>().is_ok();
            self.cut(start..ahead.at);
            if !number {
                self.output.push(b'"');
            }
            escape(&written, self.output);
            if !number {
                self.output.push(b'"');
            }
        }
        Ok(Some(Fate::Stays))
    }

    /// What redaction leaves: of a date its year, of a young age the age, of a postal code its first digits.
    fn redacted(
        &mut self,
        member: &Member,
        place: &Place,
        text: &str,
    ) -> Option<(String, Operation)> {
        let partial = &self.means.overlay?.partial;
        match member.leaf {
            Leaf::Moment | Leaf::Birth if partial.dates => {
                let year = text.get(..4)?;
                let number = year.parse().ok()?;
                let patient = self.patient(place);
                let scope = self.means.rules.scope(&patient.record);
                let told = !matches!(scope.birth_year(number), wardgate_deid::DateAs::Year(other) if other != number);
                (told
                    || member.leaf == Leaf::Moment
                        && !place.kind.ends_with("Person")
                        && place.kind != "Patient")
                    .then(|| (year.to_owned(), Operation::Generalised))
            }
            Leaf::Age if partial.ages => {
                let age: f64 = text.parse().ok()?;
                (age < 90.0).then(|| (text.to_owned(), Operation::Kept))
            }
            Leaf::Zip if partial.zip_codes => {
                let start = text.get(..3)?;
                let small = partial.small_areas.iter().any(|area| area == start);
                let start = if small { "000" } else { start };
                Some((format!("{start}00"), Operation::Generalised))
            }
            _ => None,
        }
    }

    fn hashed(&mut self, member: &Member, place: &Place, text: &str) -> Option<String> {
        match member.leaf {
            Leaf::Id => Some(self.id(text)),
            Leaf::Reference => self.pointer(text),
            Leaf::Uri | Leaf::System | Leaf::Query => self.pointer(text),
            Leaf::Identifier => Some(self.identifier(place, text)),
            _ => Some(self.means.rules.key().id("hash", text)),
        }
    }

    /// A number moved by a keyed share of the span: the same number of the same patient moves alike.
    fn perturbed(
        &mut self,
        place: &Place,
        text: &str,
        (span, proportional, decimals): (f64, bool, usize),
    ) -> Option<(String, Operation)> {
        let number: f64 = text.parse().ok()?;
        let patient = self.patient(place);
        let drawn = self
            .means
            .rules
            .key()
            .id(&format!("perturb {}", patient.number), text);
        let drawn = drawn.bytes().take(DRAWN_LETTERS).fold(0u32, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(u32::from(byte))
        });
        let share = f64::from(drawn % DRAWN_STEPS) / f64::from(DRAWN_STEPS) - 0.5;
        let span = if proportional { number * span } else { span };
        Some((
            format!("{:.decimals$}", number + span * share),
            Operation::Generalised,
        ))
    }

    fn kind_of<'m>(&self, member: &'m Member) -> &'m str {
        let shape = self.means.schema.shape_of(member);
        match shape {
            Some(shape) if shape.name.contains('.') => "BackboneElement",
            Some(shape) if !member.companion => shape.name,
            _ => &member.kind,
        }
    }

    fn stand(&mut self, standing: Standing) -> usize {
        if let Some(last) = self.standings.last()
            && *last == standing
        {
            return self.standings.len() - 1;
        }
        self.standings.push(standing);
        self.standings.len() - 1
    }
}

fn json_is_object(method: &Method) -> bool {
    matches!(method, Method::Substitute(json) if json.starts_with('{'))
}

fn generalised(
    cases: &[(Vec<Compare>, String)],
    otherwise_kept: bool,
    text: &str,
) -> Option<(String, Operation)> {
    let number: Option<f64> = text.parse().ok();
    let met = cases.iter().find(|(all, _)| {
        all.iter().all(|one| match one {
            Compare::Number(order, other) => {
                number.is_some_and(|number| order.holds(number.total_cmp(other)))
            }
            Compare::Text(order, other) => order.holds(text.cmp(other.as_str())),
        })
    });
    match met {
        Some((_, written)) => Some((written.clone(), Operation::Generalised)),
        None if otherwise_kept => Some((text.to_owned(), Operation::Kept)),
        None => None,
    }
}

impl Order {
    fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::Less => ordering.is_lt(),
            Self::AtMost => ordering.is_le(),
            Self::Equal => ordering.is_eq(),
            Self::Differs => ordering.is_ne(),
            Self::AtLeast => ordering.is_ge(),
            Self::More => ordering.is_gt(),
        }
    }
}

/// Letters of a keyed stand-in that a drawn number is made of.
const DRAWN_LETTERS: usize = 12;
const DRAWN_STEPS: u32 = 1 << 20;
