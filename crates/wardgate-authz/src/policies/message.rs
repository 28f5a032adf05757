//! The sentence of a refusal: text with named gaps, checked when the policy is loaded.

use jiff::tz::TimeZone;

use super::Concern;
use crate::decide::Parties;
use crate::fact::FactUsed;
use crate::operation::{Actor, Operation, Target};
use crate::request::Request;

/// A sentence such as `vendor {vendor} is suspended`, split at its gaps.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Words(String),
    Gap(Gap),
}

/// What may be named in a sentence. None of it is patient data.
#[derive(Clone, Copy, Debug)]
enum Gap {
    App,
    Person,
    System,
    Vendor,
    Purpose,
    DataClass,
    Recipient,
    Region,
    Course,
    Value,
    Until,
    Actor,
    Operation,
    Kind,
}

impl Template {
    /// Splits a sentence. Names the first gap that is not known where the policy applies.
    pub(crate) fn parse(text: &str, concern: Concern) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((words, more)) = rest.split_once('{') {
            let (name, after) = more
                .split_once('}')
                .ok_or_else(|| "a gap does not end".to_owned())?;
            let gap = Gap::by_name(name)
                .filter(|gap| gap.is_known_to(concern))
                .ok_or_else(|| format!("there is no gap `{{{name}}}`"))?;
            parts.push(Part::Words(words.to_owned()));
            parts.push(Part::Gap(gap));
            rest = after;
        }
        parts.push(Part::Words(rest.to_owned()));
        Ok(Self {
            text: text.to_owned(),
            parts,
        })
    }

    /// The sentence as the policy has it.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The sentence for one request and the fact that decided.
    pub(crate) fn fill(
        &self,
        request: &Request<'_>,
        parties: &Parties<'_>,
        fact: Option<&FactUsed>,
    ) -> String {
        self.with(|gap, sentence| gap.fill(sentence, request, parties, fact))
    }

    /// The sentence for one operation.
    pub(crate) fn fill_operation(
        &self,
        actor: &Actor<'_>,
        operation: Operation,
        target: &Target<'_>,
    ) -> String {
        self.with(|gap, sentence| match gap {
            Gap::Actor => sentence.push_str(actor.id()),
            Gap::Operation => sentence.push_str(operation.word()),
            Gap::Kind => sentence.push_str(target.kind),
            // Not let through by `is_known_to`.
            _ => sentence.push_str("unknown"),
        })
    }

    fn with(&self, fill: impl Fn(Gap, &mut String)) -> String {
        let mut sentence = String::with_capacity(self.text.len() + 32);
        for part in &self.parts {
            match part {
                Part::Words(words) => sentence.push_str(words),
                Part::Gap(gap) => fill(*gap, &mut sentence),
            }
        }
        sentence
    }
}

impl Gap {
    fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            "app" => Self::App,
            "person" => Self::Person,
            "system" => Self::System,
            "vendor" => Self::Vendor,
            "purpose" => Self::Purpose,
            "data_class" => Self::DataClass,
            "recipient" => Self::Recipient,
            "region" => Self::Region,
            "course" => Self::Course,
            "value" => Self::Value,
            "until" => Self::Until,
            "actor" => Self::Actor,
            "operation" => Self::Operation,
            "kind" => Self::Kind,
            _ => return None,
        })
    }

    /// Calls and operations have different things to name; a policy about both names none.
    fn is_known_to(self, concern: Concern) -> bool {
        let of_operations = matches!(self, Self::Actor | Self::Operation | Self::Kind);
        match concern {
            Concern::Calls => !of_operations,
            Concern::Operations => of_operations,
            Concern::Both => false,
        }
    }

    fn fill(
        self,
        sentence: &mut String,
        request: &Request<'_>,
        parties: &Parties<'_>,
        fact: Option<&FactUsed>,
    ) {
        match self {
            Self::App => sentence.push_str(request.app),
            Self::Person => sentence.push_str(request.person.unwrap_or("nobody")),
            Self::System => sentence.push_str(request.system),
            Self::Vendor => sentence.push_str(request.vendor),
            Self::Purpose => sentence.push_str(request.purpose.code()),
            Self::DataClass => sentence.push_str(request.data_class),
            Self::Recipient => sentence.push_str(request.recipient),
            Self::Region => sentence.push_str(request.region),
            Self::Course => {
                let person = parties.facts.person.as_ref();
                let training = person.and_then(|person| person.training.as_ref());
                sentence.push_str(training.map_or("none", |fact| &fact.value.course));
            }
            Self::Value => sentence.push_str(fact.map_or("unknown", |fact| &fact.value)),
            Self::Until => match fact.and_then(|fact| fact.until) {
                Some(until) => {
                    let date = TimeZone::UTC.to_datetime(until).date();
                    sentence.push_str(&date.to_string());
                }
                None => sentence.push_str("an unknown date"),
            },
            // Not let through by `is_known_to`.
            Self::Actor | Self::Operation | Self::Kind => sentence.push_str("unknown"),
        }
    }
}
