//! What points to a resource, in each of the forms that FHIR has for it.

/// The forms of `Reference.reference`, `Bundle.entry.fullUrl` and other addresses of resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pointer<'a> {
    /// `#id`, a contained resource; the id is empty for the container itself.
    Contained(&'a str),
    /// `urn:uuid:` and what follows.
    Uuid(&'a str),
    /// `urn:oid:` and what follows.
    Oid(&'a str),
    /// `[base/]Type/id[/_history/version]`.
    Resource {
        base: &'a str,
        kind: &'a str,
        id: &'a str,
        version: Option<&'a str>,
    },
    /// `[base/]Type[/_search]?query`.
    Search {
        base: &'a str,
        kind: &'a str,
        query: &'a str,
    },
    /// `[base/]Type`, without an id.
    Kind { base: &'a str, kind: &'a str },
    /// None of these.
    Other,
}

impl<'a> Pointer<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        if let Some(id) = text.strip_prefix('#') {
            return Self::Contained(id);
        }
        if let Some(uuid) = strip_start(text, "urn:uuid:") {
            return Self::Uuid(uuid);
        }
        if let Some(oid) = strip_start(text, "urn:oid:") {
            return Self::Oid(oid);
        }
        if let Some((path, query)) = text.split_once('?') {
            let path = path.strip_suffix("/_search").unwrap_or(path);
            return match split_last(path) {
                (base, kind) if is_kind(kind) => Self::Search { base, kind, query },
                _ => Self::Other,
            };
        }
        // Most have no version, and one byte says so sooner than a search.
        let versioned = text.contains('_').then(|| text.split_once("/_history/"));
        let (path, version) = match versioned.flatten() {
            Some((path, version)) => (path, Some(version)),
            None => (text, None),
        };
        let (before, last) = split_last(path);
        let (base, kind) = split_last(before);
        if is_kind(kind) && is_id(last) {
            return Self::Resource {
                base,
                kind,
                id: last,
                version,
            };
        }
        if is_kind(last) && version.is_none() {
            return Self::Kind {
                base: before,
                kind: last,
            };
        }
        Self::Other
    }

    /// The type that it points to, where it says so.
    pub(crate) fn kind(&self) -> Option<&'a str> {
        match self {
            Self::Resource { kind, .. } | Self::Search { kind, .. } | Self::Kind { kind, .. } => {
                Some(kind)
            }
            _ => None,
        }
    }

    /// The id that it points to.
    pub(crate) fn id(&self) -> Option<&'a str> {
        match self {
            Self::Resource { id, .. } => Some(id),
            Self::Uuid(id) | Self::Oid(id) => Some(id),
            _ => None,
        }
    }

    /// `Type/id` as it stands in the text that was read.
    pub(crate) fn address(&self, text: &'a str) -> Option<&'a str> {
        let Self::Resource { base, kind, id, .. } = self else {
            return None;
        };
        let start = match base.is_empty() && !text.starts_with('/') {
            true => 0,
            false => base.len() + 1,
        };
        text.get(start..start + kind.len() + 1 + id.len())
    }
}

/// Whether a text is a UUID as RFC 9562 writes it.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn split_last(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// Whether a word is written as types of resources are.
fn is_kind(word: &str) -> bool {
    word.len() >= 3
        && word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.bytes().all(|b| b.is_ascii_alphabetic())
}

/// Ids should have at most 64 letters; systems that write longer ones are read as well.
fn is_id(word: &str) -> bool {
    !word.is_empty()
        && word.bytes().all(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'|' | b'~' | b'%')
        })
}

fn strip_start<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(start.len())?;
    head.eq_ignore_ascii_case(start).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_known() {
        let resource = |base, id, version| Pointer::Resource {
            base,
            kind: "Patient",
            id,
            version,
        };
        for (text, pointer) in [
            ("#", Pointer::Contained("")),
            ("#p1", Pointer::Contained("p1")),
            ("Patient/a-1", resource("", "a-1", None)),
            (
                "https://e.example/fhir/Patient/a/_history/2",
                resource("https://e.example/fhir", "a", Some("2")),
            ),
            ("urn:uuid:x", Pointer::Uuid("x")),
            ("URN:OID:1.2", Pointer::Oid("1.2")),
            (
                "Patient?name=x",
                Pointer::Search {
                    base: "",
                    kind: "Patient",
                    query: "name=x",
                },
            ),
            (
                "https://e.example/Patient",
                Pointer::Kind {
                    base: "https://e.example",
                    kind: "Patient",
                },
            ),
            ("mailto:a@b.example", Pointer::Other),
            ("https://e.example/a b/c", Pointer::Other),
        ] {
            assert_eq!(Pointer::of(text), pointer, "{text}");
        }
    }

    #[test]
    fn addresses_stand_in_what_points_to_them() {
        for text in [
            "Patient/a-1",
            "/Patient/a-1",
            "https://e.example/fhir/Patient/a-1",
            "Patient/a-1/_history/2",
        ] {
            assert_eq!(Pointer::of(text).address(text), Some("Patient/a-1"));
        }
        assert_eq!(Pointer::of("urn:uuid:x").address("urn:uuid:x"), None);
    }
}
