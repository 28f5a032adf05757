//! Filters (RFC 7644, 3.4.2.2): comparisons with `eq`, joined by `and`. Directories ask for no others.

use serde_json::Value;

use super::fault::ScimFault;

/// `attribute eq value`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Equals {
    /// The attribute, in lower case.
    pub(super) attribute: String,
    pub(super) value: Value,
}

/// Reads a filter: comparisons that all must hold.
pub(super) fn parse(text: &str) -> Result<Vec<Equals>, ScimFault> {
    if text.len() > FILTER_BYTES_MAX {
        return Err(unfit());
    }
    let mut rest = text.trim_start();
    let mut all = Vec::new();
    loop {
        let (attribute, after) = word(rest)?;
        let (operator, after) = word(after)?;
        if !operator.eq_ignore_ascii_case("eq") {
            return Err(unfit());
        }
        let (value, after) = value(after)?;
        all.push(Equals {
            attribute: attribute.to_ascii_lowercase(),
            value,
        });
        rest = after.trim_start();
        if rest.is_empty() {
            return Ok(all);
        }
        let (and, after) = word(rest)?;
        if !and.eq_ignore_ascii_case("and") || all.len() == COMPARISONS_MAX {
            return Err(unfit());
        }
        rest = after;
    }
}

/// A word of letters, digits and what stands in names of attributes.
fn word(text: &str) -> Result<(&str, &str), ScimFault> {
    let text = text.trim_start();
    let end = text
        .find(|letter: char| {
            !(letter.is_ascii_alphanumeric() || matches!(letter, '.' | ':' | '_' | '-'))
        })
        .unwrap_or(text.len());
    match text.split_at_checked(end) {
        Some((word, rest)) if !word.is_empty() => Ok((word, rest)),
        _ => Err(unfit()),
    }
}

/// A JSON text, number or word.
fn value(text: &str) -> Result<(Value, &str), ScimFault> {
    let text = text.trim_start();
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let value = match values.next() {
        Some(Ok(value)) if !value.is_array() && !value.is_object() => value,
        _ => return Err(unfit()),
    };
    let rest = text.get(values.byte_offset()..).ok_or_else(unfit)?;
    if rest.starts_with(|next: char| !next.is_whitespace()) {
        return Err(unfit());
    }
    Ok((value, rest))
}

pub(super) fn unfit() -> ScimFault {
    ScimFault::bad(
        "invalidFilter",
        "a filter is `attribute eq \"value\"`, joined by `and`, over `id`, `userName`, `externalId` or `displayName`",
    )
}

const FILTER_BYTES_MAX: usize = 2_048;
const COMPARISONS_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Vec<(String, Value)>> {
        let all = parse(text).ok()?;
        Some(
            all.into_iter()
                .map(|one| (one.attribute, one.value))
                .collect(),
        )
    }

    #[test]
    fn comparisons_are_read_in_any_case() {
        let one = |name: &str, value: &str| (name.to_owned(), Value::from(value));
        assert_eq!(
            read(r#"userName eq "a@b""#),
            Some(vec![one("username", "a@b")])
        );
        assert_eq!(
            read(r#" USERNAME EQ "a \" and b"  AND externalId eq "7" "#),
            Some(vec![one("username", "a \" and b"), one("externalid", "7")])
        );
        assert_eq!(read("active eq true").unwrap()[0].1, Value::Bool(true));
    }

    #[test]
    fn whatever_else_is_refused() {
        for text in [
            "",
            "userName",
            "userName eq",
            "userName eq a",
            "userName co \"a\"",
            "userName eq \"a\" or id eq \"b\"",
            "userName eq \"a\" and",
            "userName eq \"a\"and id eq \"b\"",
            "userName eq \"a' OR 1=1 --",
            "userName eq [\"a\"]",
            "not (userName eq \"a\")",
            "(userName eq \"a\")",
            "userName eq \"a\"; DROP TABLE records",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        let long = ["id eq \"a\""; 9].join(" and ");
        assert!(parse(&long).is_err());
    }
}
