//! Where a person goes after signing in: only ever to a page of this console.

/// The path, when it is one of this console. Everything else, such as `//evil.example` or
/// `/\evil.example`, which browsers take for another host, is none.
pub(crate) fn local(path: &str) -> Option<&str> {
    let harmless = path.len() <= PATH_BYTES_MAX
        && path
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let ours = path.starts_with('/') && !path.starts_with("//");
    (harmless && ours).then_some(path)
}

/// The path of a page that comes back to `path` when its work is done.
pub(crate) fn by_way_of(page: &str, path: &str) -> String {
    match local(path) {
        Some("/") | None => page.to_owned(),
        Some(path) => {
            let query: String = url::form_urlencoded::byte_serialize(path.as_bytes()).collect();
            format!("{page}?return={query}")
        }
    }
}

/// Longer paths than any page has are not followed.
const PATH_BYTES_MAX: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_console_are_followed() {
        for path in ["/", "/people", "/people/a?x=1&y=%2F%2Fz", "/a//b"] {
            assert_eq!(local(path), Some(path));
        }
        for path in [
            "",
            "people",
            "//evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "/a\\..\\b",
            "https://evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/a\r\nset-cookie: x=y",
            " //evil.example",
            "/ä",
        ] {
            assert_eq!(local(path), None, "{path:?}");
        }
        assert_eq!(local(&format!("/{}", "a".repeat(PATH_BYTES_MAX))), None);
    }

    #[test]
    fn a_way_back_is_encoded() {
        assert_eq!(
            by_way_of("/sign-in", "/a?b=c&d"),
            "/sign-in?return=%2Fa%3Fb%3Dc%26d"
        );
        assert_eq!(by_way_of("/sign-in", "//evil.example"), "/sign-in");
        assert_eq!(by_way_of("/sign-in", "/"), "/sign-in");
    }
}
