//! The paths of rules: the part of FHIRPath that names nodes, and that a reader can follow as it goes.

use crate::overlay::{Condition, Start, Step};
use crate::schema::{FhirVersion, Schema, Shape};

type Parsed = (Start, Vec<Step>);

/// The sides of a path's `|`, each from where it begins.
pub(super) fn parse(text: &str) -> Result<Vec<Parsed>, String> {
    let sides = split(text, &["|"])?;
    if sides.len() > SIDES_MAX {
        return Err(format!("its path has more than {SIDES_MAX} sides"));
    }
    sides.into_iter().map(|side| one(side.trim())).collect()
}

fn one(text: &str) -> Result<Parsed, String> {
    let text = unwrapped(text);
    let (text, cast) = match split(text, &[" as "])?.as_slice() {
        [path, kind] => (unwrapped(path.trim()), Some(name_of(kind.trim())?)),
        [path] => (*path, None),
        _ => return Err("its path casts twice".to_owned()),
    };
    let mut parts = split(text, &["."])?.into_iter();
    let first = parts.next().unwrap_or_default().trim();
    let mut steps = Vec::new();
    let start = match call(first)? {
        Call::Name("Resource" | "DomainResource") => Start::Resource(None),
        Call::Name(name) if Schema::of(FhirVersion::Either).resource(name).is_some() => {
            Start::Resource(Some(name.to_owned()))
        }
        Call::Name(_) => return Err("its path begins with no type of resource".to_owned()),
        Call::Function("nodesByType", argument) => Start::Anywhere(Step::Type(literal(argument)?)),
        Call::Function("nodesByName", argument) => Start::Anywhere(Step::Name(literal(argument)?)),
        Call::Function("descendants", "") => Start::Anywhere(Step::Any),
        Call::Function(..) => {
            return Err("its path begins with a function that is not supported".to_owned());
        }
    };
    for part in parts {
        step(part.trim(), &mut steps)?;
        if steps.len() > STEPS_MAX {
            return Err(format!("its path has more than {STEPS_MAX} steps"));
        }
    }
    steps.extend(cast.map(Step::Type));
    check(&start, &steps)?;
    Ok((start, steps))
}

fn step(part: &str, steps: &mut Vec<Step>) -> Result<(), String> {
    match call(part)? {
        Call::Name("resource" | "contained") => {
            return Err("its path leads into another resource: each is treated by itself, so begin with its type".to_owned());
        }
        Call::Name(name) => steps.push(Step::Name(name.to_owned())),
        Call::Function("where", condition) => steps.push(Step::Where(conditions(condition)?)),
        Call::Function("ofType", kind) => steps.push(Step::Type(name_of(kind.trim())?)),
        Call::Function("extension", url) => {
            steps.push(Step::Name("extension".to_owned()));
            steps.push(Step::Where(vec![vec![Condition {
                path: vec!["url".to_owned()],
                equals: Some(literal(url)?),
                negated: false,
            }]]));
        }
        Call::Function("nodesByType", argument) => {
            steps.extend([Step::Below, Step::Type(literal(argument)?)])
        }
        Call::Function("nodesByName", argument) => {
            steps.extend([Step::Below, Step::Name(literal(argument)?)])
        }
        Call::Function("descendants", "") => steps.extend([Step::Below, Step::Any]),
        Call::Function("children", "") => steps.push(Step::Any),
        Call::Function(..) => {
            return Err("its path has a function that is not supported".to_owned());
        }
    }
    Ok(())
}

/// A path whose names no definition has would never be met, and so protect nothing.
fn check(start: &Start, steps: &[Step]) -> Result<(), String> {
    let Start::Resource(Some(name)) = start else {
        return Ok(());
    };
    let schema = Schema::of(FhirVersion::Either);
    let mut shapes: Vec<&Shape> = schema.resource(name).into_iter().collect();
    for step in steps {
        match step {
            Step::Name(name) => {
                let members = shapes.iter().flat_map(|shape| shape.members());
                let members: Vec<_> = members.filter(|member| named(&member.key, name)).collect();
                if members.is_empty() {
                    return Err(format!("no definition has the element `{name}` there"));
                }
                let next = members.iter().filter_map(|member| schema.shape_of(member));
                shapes = next.collect();
            }
            Step::Where(_) | Step::Type(_) => {}
            Step::Any | Step::Below => return Ok(()),
        }
    }
    Ok(())
}

/// Whether a key is a name, or a choice that begins with it.
fn named(key: &str, name: &str) -> bool {
    key.strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_uppercase()))
}

fn conditions(text: &str) -> Result<Vec<Vec<Condition>>, String> {
    let any = split(text, &[" or ", " OR "])?;
    any.into_iter()
        .map(|all| {
            split(all, &[" and ", " AND "])?
                .into_iter()
                .map(|one| condition(one.trim()))
                .collect()
        })
        .collect()
}

fn condition(text: &str) -> Result<Condition, String> {
    let text = unwrapped(text);
    for (sign, negated) in [("!=", true), ("=", false), ("~", false)] {
        if let [path, value] = split(text, &[sign])?.as_slice() {
            let value = value.trim();
            let equals = match value {
                "true" | "false" => value.to_owned(),
                number if number.parse::<f64>().is_ok() => number.to_owned(),
                _ => literal(value)?,
            };
            return Ok(Condition {
                path: names(path.trim())?,
                equals: Some(equals),
                negated,
            });
        }
    }
    for (end, negated) in [
        (".exists().not()", true),
        (".empty()", true),
        (".exists()", false),
    ] {
        if let Some(path) = text.strip_suffix(end) {
            return Ok(Condition {
                path: names(path)?,
                equals: None,
                negated,
            });
        }
    }
    Err("its path has a condition that is not supported".to_owned())
}

fn names(path: &str) -> Result<Vec<String>, String> {
    if path == "$this" {
        return Ok(Vec::new());
    }
    let path = path.strip_prefix("$this.").unwrap_or(path);
    path.split('.').map(|name| name_of(name.trim())).collect()
}

enum Call<'t> {
    Name(&'t str),
    Function(&'t str, &'t str),
}

fn call(text: &str) -> Result<Call<'_>, String> {
    match text.split_once('(') {
        Some((name, rest)) => {
            let argument = rest
                .strip_suffix(')')
                .ok_or("its path has brackets that do not close")?;
            name_of(name)?;
            Ok(Call::Function(name, argument.trim()))
        }
        None => {
            name_of(text)?;
            Ok(Call::Name(text))
        }
    }
}

fn name_of(text: &str) -> Result<String, String> {
    let text = text.strip_prefix("FHIR.").unwrap_or(text);
    let letters = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match letters && text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        true => Ok(text.to_owned()),
        false => Err("its path has a part that is no name".to_owned()),
    }
}

fn literal(text: &str) -> Result<String, String> {
    let inner = text
        .trim()
        .strip_prefix(['\'', '"'])
        .and_then(|text| text.strip_suffix(['\'', '"']));
    match inner {
        Some(inner) if !inner.contains(['\'', '\\']) => Ok(inner.to_owned()),
        _ => Err("its path has something else where a text in quotes must stand".to_owned()),
    }
}

/// The text without brackets that are around all of it.
fn unwrapped(text: &str) -> &str {
    let inner = text
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(')'));
    match inner {
        Some(inner) if split(inner, &["."]).is_ok() => inner.trim(),
        _ => text,
    }
}

/// The parts between separators that stand in no brackets and no quotes.
pub(super) fn split<'t>(text: &'t str, separators: &[&str]) -> Result<Vec<&'t str>, String> {
    let mut parts = Vec::new();
    let (mut depth, mut quoted, mut from, mut at) = (0usize, false, 0, 0);
    while let Some(rest) = text.get(at..)
        && let Some(c) = rest.chars().next()
    {
        let separator = separators
            .iter()
            .find(|separator| rest.starts_with(**separator));
        match (c, separator) {
            (_, Some(separator)) if depth == 0 && !quoted => {
                parts.push(text.get(from..at).unwrap_or_default());
                at += separator.len();
                from = at;
                continue;
            }
            ('\'', _) => quoted = !quoted,
            ('(', _) if !quoted => depth += 1,
            (')', _) if !quoted => {
                depth = depth
                    .checked_sub(1)
                    .ok_or("its path has brackets that do not open")?
            }
            _ => {}
        }
        at += c.len_utf8();
    }
    if depth > 0 || quoted {
        return Err("its path has brackets or quotes that do not close".to_owned());
    }
    parts.push(text.get(from..).unwrap_or_default());
    Ok(parts)
}

const SIDES_MAX: usize = 64;
const STEPS_MAX: usize = 32;
