//! The outside of a FHIR resource in JSON: its elements by name, each as it was written.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A FHIR resource, split into its top-level elements.
pub(crate) struct Resource<'a> {
    elements: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Resource<'a> {
    /// Splits the text of a JSON object. The error holds only line and column.
    pub(crate) fn parse(text: &'a str) -> Result<Self, JsonFault> {
        serde_json::from_str(text).map_err(|error| JsonFault::of(&error))
    }

    /// Whether two resources say the same, whatever their layout; otherwise, which elements differ.
    pub(crate) fn differing(&self, other: &Resource<'_>) -> Vec<String> {
        let mut differing = Vec::new();
        for (name, raw) in &self.elements {
            let same = other
                .raw(name)
                .is_some_and(|theirs| same_json(raw.get(), theirs.get()));
            if !same {
                differing.push(name.clone().into_owned());
            }
        }
        for (name, _) in &other.elements {
            if self.raw(name).is_none() {
                differing.push(name.clone().into_owned());
            }
        }
        differing.sort_unstable();
        differing
    }

    /// The first element that stands here twice.
    pub(crate) fn duplicate(&self) -> Option<&str> {
        self.elements
            .iter()
            .enumerate()
            .find_map(|(at, (name, _))| {
                self.elements
                    .iter()
                    .take(at)
                    .any(|(earlier, _)| earlier == name)
                    .then_some(name.as_ref())
            })
    }

    /// The elements in their order, each as it was written.
    pub(crate) fn elements(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.elements
            .iter()
            .map(|(name, raw)| (name.as_ref(), *raw))
    }

    pub(crate) fn raw(&self, name: &str) -> Option<&'a RawValue> {
        self.elements
            .iter()
            .find(|(element, _)| element == name)
            .map(|(_, raw)| *raw)
    }

    /// An element read as `T`; absent is `None`.
    pub(crate) fn element<T: Deserialize<'a>>(
        &self,
        name: &'static str,
    ) -> Result<Option<T>, ElementFault<'a>> {
        let Some(raw) = self.raw(name) else {
            return Ok(None);
        };
        serde_json::from_str(raw.get())
            .map(Some)
            .map_err(|error| ElementFault {
                element: name,
                raw,
                fault: JsonFault::of(&error),
            })
    }

    /// A text element, if it is one.
    pub(crate) fn text(&self, name: &'static str) -> Option<Cow<'a, str>> {
        self.element::<Text<'a>>(name)
            .ok()
            .flatten()
            .map(|text| text.0)
    }
}

/// Where JSON is broken: line and column, from 1. Never what stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JsonFault {
    pub(crate) line: usize,
    pub(crate) column: usize,
    /// JSON is well-formed, but not of the form that was expected.
    pub(crate) form: bool,
}

impl JsonFault {
    fn of(error: &serde_json::Error) -> Self {
        Self {
            line: error.line(),
            column: error.column(),
            form: error.is_data(),
        }
    }
}

/// An element has another form than FHIR gives it.
pub(crate) struct ElementFault<'a> {
    pub(crate) element: &'static str,
    pub(crate) raw: &'a RawValue,
    pub(crate) fault: JsonFault,
}

/// Text that is borrowed where it holds no escapes.
#[derive(Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

fn same_json(left: &str, right: &str) -> bool {
    if left == right {
        return true;
    }
    let value = |text| serde_json::from_str::<serde_json::Value>(text).ok();
    matches!((value(left), value(right)), (Some(left), Some(right)) if left == right)
}

impl<'de: 'a, 'a> Deserialize<'de> for Resource<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ResourceVisitor)
    }
}

struct ResourceVisitor;

impl<'de> Visitor<'de> for ResourceVisitor {
    type Value = Resource<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a FHIR resource")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Resource<'de>, A::Error> {
        let mut elements = Vec::new();
        while let Some(Text(name)) = map.next_key::<Text<'de>>()? {
            elements.push((name, map.next_value::<&'de RawValue>()?));
        }
        Ok(Resource { elements })
    }
}
