//! What the elements and attributes of a document hold, read from the data file.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::role::Role;

/// What an element holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Other elements.
    Structure,
    /// The people or things whose names stand below.
    Whose(Whose),
    /// What stands as it is.
    Keep,
    /// A flag.
    Flag,
    /// A number.
    Number,
    /// A code with its words.
    Code,
    /// An instance identifier.
    Id,
    /// A name, of whom its ancestors say.
    Name,
    /// An address.
    Address,
    /// A contact.
    Telecom,
    /// A part of a name or address.
    Part(Role),
    /// A time.
    Time,
    /// A time of birth.
    Birth,
    /// A quantity.
    Quantity,
    /// What the element around it holds.
    Inherit,
    /// What `xsi:type` says.
    Value,
    /// Text, or a document.
    Text,
    /// A reference to a text, or an act with its relation.
    Reference,
    /// A document in base64.
    Document,
    /// A block of the narrative.
    Block,
    /// A part of a block.
    Inline,
    /// It goes.
    Drop,
    /// Nobody knows.
    Unknown,
}

/// Whose names stand below an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The patient's.
    Patient,
    /// Another person's.
    Person,
    /// An organisation's.
    Organization,
    /// A place's.
    Place,
    /// A product's or device's.
    Material,
    /// An entity's, whose class says more.
    Entity,
}

/// What an attribute holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attributed {
    /// What stands, unless it is an identifier.
    Keep,
    /// A code.
    Code,
    /// The words of a code.
    Display,
    /// Text.
    Text,
    /// What the element says.
    Value,
    /// The root of an identifier.
    Root,
    /// The number of an identifier.
    Extension,
    /// Who issues it.
    Authority,
    /// An anchor of the document.
    Anchor,
    /// Anchors that are referred to.
    Anchors,
    /// A link.
    Link,
    /// It goes.
    Drop,
}

/// What an element holds.
pub(crate) fn element(name: &str) -> Holds {
    ELEMENTS.get(name).copied().unwrap_or(Holds::Unknown)
}

/// The element's name in reports: only names of the standard.
pub(crate) fn known_name(name: &str) -> &'static str {
    ELEMENTS_NAMES
        .get(name)
        .copied()
        .unwrap_or("unknown element")
}

/// What an attribute holds.
pub(crate) fn attribute(name: &str) -> Attributed {
    ATTRIBUTES.get(name).copied().unwrap_or(Attributed::Drop)
}

static ELEMENTS: LazyLock<HashMap<&'static str, Holds>> = LazyLock::new(|| {
    let named = lines().filter(|(word, _)| !word.starts_with('@'));
    let all = named.flat_map(|(word, names)| {
        let holds = holds(word).unwrap_or(Holds::Drop);
        names.split_whitespace().map(move |name| (name, holds))
    });
    all.collect()
});

static ELEMENTS_NAMES: LazyLock<HashMap<&'static str, &'static str>> =
    LazyLock::new(|| ELEMENTS.keys().map(|name| (*name, *name)).collect());

static ATTRIBUTES: LazyLock<HashMap<&'static str, Attributed>> = LazyLock::new(|| {
    let named = lines().filter_map(|(word, names)| Some((word.strip_prefix('@')?, names)));
    let all = named.flat_map(|(word, names)| {
        let holds = attributed(word).unwrap_or(Attributed::Drop);
        names.split_whitespace().map(move |name| (name, holds))
    });
    all.collect()
});

fn lines() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = FILE.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(' '))
}

fn holds(word: &str) -> Option<Holds> {
    Some(match word {
        "structure" => Holds::Structure,
        "patient" => Holds::Whose(Whose::Patient),
        "person" => Holds::Whose(Whose::Person),
        "organization" => Holds::Whose(Whose::Organization),
        "place" => Holds::Whose(Whose::Place),
        "material" => Holds::Whose(Whose::Material),
        "entity" => Holds::Whose(Whose::Entity),
        "keep" => Holds::Keep,
        "flag" => Holds::Flag,
        "number" => Holds::Number,
        "code" => Holds::Code,
        "id" => Holds::Id,
        "name" => Holds::Name,
        "address" => Holds::Address,
        "telecom" => Holds::Telecom,
        "time" => Holds::Time,
        "birth" => Holds::Birth,
        "quantity" => Holds::Quantity,
        "inherit" => Holds::Inherit,
        "value" => Holds::Value,
        "text" => Holds::Text,
        "reference" => Holds::Reference,
        "document" => Holds::Document,
        "block" => Holds::Block,
        "inline" => Holds::Inline,
        "drop" => Holds::Drop,
        "serial" => Holds::Part(Role::Id),
        "title" => Holds::Part(Role::Title),
        "family" | "given" | "suffix" | "street" | "city" | "state" | "zip" | "country" => {
            Holds::Part(Role::of_word(word)?)
        }
        _ => return None,
    })
}

fn attributed(word: &str) -> Option<Attributed> {
    Some(match word {
        "keep" => Attributed::Keep,
        "code" => Attributed::Code,
        "display" => Attributed::Display,
        "text" => Attributed::Text,
        "value" => Attributed::Value,
        "root" => Attributed::Root,
        "extension" => Attributed::Extension,
        "authority" => Attributed::Authority,
        "anchor" => Attributed::Anchor,
        "anchors" => Attributed::Anchors,
        "link" => Attributed::Link,
        _ => return None,
    })
}

const FILE: &str = include_str!("../../data/cda/elements.txt");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_data_file_is_known_and_no_element_is_named_twice() {
        let mut seen = Vec::new();
        for (word, names) in lines() {
            match word.strip_prefix('@') {
                Some(word) => assert!(attributed(word).is_some(), "{word}"),
                None => assert!(holds(word).is_some(), "{word}"),
            }
            for name in names.split_whitespace() {
                let key = (word.starts_with('@'), name);
                assert!(!seen.contains(&key), "{name}");
                seen.push(key);
            }
        }
    }
}
