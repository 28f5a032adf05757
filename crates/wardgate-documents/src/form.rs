//! What a document is: by its own first bytes, and by its label where those say nothing.

/// The forms that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Html,
    Xml,
    Rtf,
    Pdf,
    Picture,
    Unknown,
}

impl Form {
    /// The name under which a form is counted.
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain",
            Self::Html => "text/html",
            Self::Xml => "text/xml",
            Self::Rtf => "application/rtf",
            Self::Pdf => "application/pdf",
            Self::Picture => "image",
            Self::Unknown => "document of unknown form",
        }
    }
}

/// What a document is.
pub(crate) fn recognise(media_type: &str, bytes: &[u8]) -> Form {
    let essence = essence(media_type);
    let head = bytes.get(..HEAD_LEN).unwrap_or(bytes);
    if let Some(form) = by_magic(head) {
        return form;
    }
    let labelled = by_label(&essence);
    if labelled == Some(Form::Pdf) {
        // Readers take a header anywhere in the first kilobyte (PDF 1.7, implementation note 13).
        let headed = head.windows(5).any(|five| five == b"%PDF-");
        return if headed { Form::Pdf } else { Form::Unknown };
    }
    match (labelled, by_markup(head)) {
        (_, _) if !is_text(bytes) => match labelled {
            Some(Form::Picture) => Form::Picture,
            _ => Form::Unknown,
        },
        (Some(Form::Text | Form::Html | Form::Xml) | None, Some(markup)) => markup,
        // RTF is told by its magic alone.
        (Some(Form::Rtf), _) => Form::Unknown,
        (Some(form), _) => form,
        (None, None) if essence.is_empty() => Form::Text,
        (None, None) => Form::Unknown,
    }
}

/// The label of an output: the given essence, which is Unicode where the input's label told a character set.
pub(crate) fn relabelled(media_type: &str, output: &str) -> String {
    match parameter(media_type, "charset") {
        Some(_) => format!("{output}; charset=utf-8"),
        None => output.to_owned(),
    }
}

/// A parameter of a media type, in small letters.
pub(crate) fn parameter(media_type: &str, name: &str) -> Option<String> {
    let parameters = media_type.split(';').skip(1);
    let mut pairs = parameters.filter_map(|pair| pair.split_once('='));
    pairs
        .find(|(key, _)| key.trim().eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim().trim_matches(['"', '\'']).to_ascii_lowercase())
}

fn essence(media_type: &str) -> String {
    let essence = media_type.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

fn by_magic(head: &[u8]) -> Option<Form> {
    let text = trimmed(head);
    if text.starts_with(b"%PDF-") {
        return Some(Form::Pdf);
    }
    if text.starts_with(b"{\\rtf") {
        return Some(Form::Rtf);
    }
    let is = |magic: &&[u8]| head.starts_with(magic) && !(is_word(magic) && is_text(head));
    if PICTURES.iter().any(is) {
        return Some(Form::Picture);
    }
    let webp = head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP");
    let isobmff = head.get(4..8) == Some(b"ftyp");
    if webp || isobmff || head.get(128..132) == Some(b"DICM") {
        return Some(Form::Picture);
    }
    CONTAINERS.iter().any(is).then_some(Form::Unknown)
}

/// Whether a magic is letters with which a text may begin: `BM normal`, `MZ twins`.
fn is_word(magic: &[u8]) -> bool {
    magic.len() <= 3 && magic.iter().all(u8::is_ascii_alphabetic)
}

fn by_label(essence: &str) -> Option<Form> {
    match essence {
        "text/plain" | "text/markdown" | "text/csv" | "text/tab-separated-values" => {
            Some(Form::Text)
        }
        "text/html" | "application/xhtml+xml" | "text/xhtml" => Some(Form::Html),
        "text/xml" | "application/xml" | "application/hl7-cda+xml" | "text/x-hl7-text+xml" => {
            Some(Form::Xml)
        }
        "text/rtf" | "application/rtf" | "text/richtext" | "application/x-rtf" => Some(Form::Rtf),
        "application/pdf" | "application/x-pdf" => Some(Form::Pdf),
        _ if essence.starts_with("image/") => Some(Form::Picture),
        _ => None,
    }
}

/// Markup, as browsers tell it (WHATWG MIME Sniffing 7.1).
fn by_markup(head: &[u8]) -> Option<Form> {
    let narrow: Vec<u8> = head.iter().copied().filter(|byte| *byte != 0).collect();
    let text = trimmed(&narrow);
    let lower = text.get(..64).unwrap_or(text).to_ascii_lowercase();
    let begins = |start: &&str| {
        let behind = lower.get(start.len());
        lower.starts_with(start.as_bytes())
            && behind.is_none_or(|byte| !byte.is_ascii_alphanumeric())
    };
    if HTML_STARTS.iter().any(begins) {
        return Some(Form::Html);
    }
    if lower.starts_with(b"<?xml") {
        let all = text.to_ascii_lowercase();
        let html = all.windows(5).any(|five| five == b"<html");
        return Some(if html { Form::Html } else { Form::Xml });
    }
    None
}

/// Whether bytes are text: no control characters but those of layout, or the zeros of wide characters.
fn is_text(bytes: &[u8]) -> bool {
    let wide = matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
    wide || bytes
        .iter()
        .all(|byte| *byte >= 0x20 || matches!(byte, b'\t' | b'\n' | b'\r' | 0x0b | 0x0c | 0x1b))
}

fn trimmed(head: &[u8]) -> &[u8] {
    let unmarked = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let unmarked = match unmarked {
        [0xff, 0xfe, rest @ ..] | [0xfe, 0xff, rest @ ..] => rest,
        other => other,
    };
    unmarked.trim_ascii_start()
}

const HEAD_LEN: usize = 1024;

const PICTURES: &[&[u8]] = &[
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"II*\0",
    b"MM\0*",
    b"BM",
    b"\0\0\x01\0",
    b"\0\0\0\x0cjP  ",
    b"\xff\x4f\xff\x51",
    b"\x97JB2",
    b"8BPS",
];

/// Archives, office documents and programs.
const CONTAINERS: &[&[u8]] = &[
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ\0",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!",
    b"\x28\xb5\x2f\xfd",
    b"%!PS",
    b"\x7fELF",
    b"MZ",
];

const HTML_STARTS: &[&str] = &[
    "<!doctype html",
    "<html",
    "<head",
    "<body",
    "<div",
    "<p",
    "<table",
    "<h1",
    "<h2",
    "<h3",
    "<span",
    "<font",
    "<br",
    "<b",
    "<i",
    "<a",
    "<ul",
    "<ol",
    "<title",
    "<style",
    "<script",
    "<!--",
    "<pre",
    "<center",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_win_over_a_label() {
        assert_eq!(recognise("text/plain", b"%PDF-1.4 ..."), Form::Pdf);
        assert_eq!(recognise("application/pdf", b"{\\rtf1 hello}"), Form::Rtf);
        assert_eq!(recognise("text/plain", b"\xff\xd8\xff\xe0"), Form::Picture);
        assert_eq!(recognise("text/plain", b"<html><body>x"), Form::Html);
        assert_eq!(recognise("application/pdf", b"PK\x03\x04"), Form::Unknown);
        assert_eq!(recognise("application/pdf", b"junk\n%PDF-1.4"), Form::Pdf);
    }

    #[test]
    fn a_label_that_the_bytes_do_not_bear_out_is_not_believed() {
        assert_eq!(
            recognise("application/pdf", b"Dear colleague"),
            Form::Unknown
        );
        assert_eq!(recognise("text/rtf", b"Dear colleague"), Form::Unknown);
        assert_eq!(recognise("text/plain", b"a\0b"), Form::Unknown);
        assert_eq!(recognise("image/png", b"Dear colleague"), Form::Picture);
        assert_eq!(recognise("application/json", b"{}"), Form::Unknown);
    }

    #[test]
    fn letters_alone_are_no_magic() {
        for text in [
            &b"BM normal, no blood"[..],
            b"MZ twins at 12 weeks",
            b"BZhang",
        ] {
            assert_eq!(recognise("text/plain", text), Form::Text);
        }
        assert_eq!(recognise("", b"BM\x36\0\x0c\0\0\0"), Form::Picture);
        assert_eq!(recognise("", b"MZ\x90\0\x03\0"), Form::Unknown);
    }

    #[test]
    fn without_a_label_text_is_text() {
        assert_eq!(recognise("", b"Dear colleague"), Form::Text);
        assert_eq!(recognise("", b"\xff\xfeD\0e\0"), Form::Text);
        assert_eq!(recognise("", b"\x01\x02\x03"), Form::Unknown);
    }

    #[test]
    fn parameters_are_read_as_mail_writes_them() {
        let label = "text/plain; format=flowed; Charset=\"ISO-8859-1\"";
        assert_eq!(parameter(label, "charset").as_deref(), Some("iso-8859-1"));
        assert_eq!(relabelled(label, "text/plain"), "text/plain; charset=utf-8");
    }
}
