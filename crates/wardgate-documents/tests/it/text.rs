//! Plain text, RTF, XML, pictures and what is none of these.

use super::{assert_clean, cleaned, refused, text_of};

#[test]
fn plain_text_of_any_character_set_is_cleaned() {
    let text = "Befund für Perpetua Szymborska, MRN4286669: Größe 5 µm.";
    let wide: Vec<u8> = format!("\u{feff}{text}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let latin: Vec<u8> = text
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    for (label, bytes) in [
        ("text/plain", text.as_bytes()),
        ("", text.as_bytes()),
        ("text/plain", &wide),
        ("text/plain; charset=iso-8859-1", &latin),
        ("text/plain", &latin),
    ] {
        let cleaned = cleaned(label, bytes);
        assert!(assert_clean(&cleaned).contains("Größe 5 µm."), "{label}");
    }
}

#[test]
fn rtf_is_written_anew() {
    let rtf = br"{\rtf1\ansi{\info{\author Perpetua Szymborska}}Seen: Per{\b petua} Szym\'62orska (MRN4286669), BP 120/80.\par{\*\x Szymborska}{\v Perpetua}}";
    let cleaned = cleaned("application/rtf", rtf);
    let text = assert_clean(&cleaned);
    assert!(text.contains("BP 120/80."));
    assert_eq!(cleaned.media_type, "application/rtf");
}

#[test]
fn xml_of_an_unknown_vocabulary_becomes_text() {
    let xml = b"<?xml version='1.0'?><r mrn='MRN4286669'><name>Perpetua Szymborska</name><finding>Asthma</finding></r>";
    let cleaned = cleaned("text/xml", xml);
    assert!(assert_clean(&cleaned).contains("finding: Asthma"));
    assert_eq!(cleaned.media_type, "text/plain");
}

#[test]
fn pictures_and_unknown_forms_are_withheld() {
    for (label, bytes, code) in [
        (
            "image/jpeg",
            b"\xff\xd8\xff\xe0 Perpetua".as_slice(),
            "documents.picture",
        ),
        (
            "text/plain",
            b"\x89PNG\r\n\x1a\n Perpetua",
            "documents.picture",
        ),
        ("image/svg+xml", b"Perpetua", "documents.picture"),
        (
            "application/json",
            b"{\"a\":\"Perpetua\"}",
            "documents.unknown_form",
        ),
        (
            "application/zip",
            b"PK\x03\x04 Perpetua",
            "documents.unknown_form",
        ),
        ("text/plain", b"\x00\x01 Perpetua", "documents.unknown_form"),
        ("application/pdf", b"Perpetua", "documents.unknown_form"),
    ] {
        let cleaned = cleaned(label, bytes);
        assert_eq!(
            cleaned.withheld.as_ref().map(|fault| fault.code()),
            Some(code),
            "{label}"
        );
        assert_eq!(cleaned.media_type, "text/plain");
        assert!(!String::from_utf8_lossy(&cleaned.bytes).contains("Perpetua"));
        assert_eq!(refused(label, bytes), Some(code));
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for (label, bytes) in [
        ("text/html", b"<p>Perpetua Szymborska</p>".as_slice()),
        ("text/plain", b"Perpetua Szymborska"),
        ("application/rtf", b"{\\rtf1 Perpetua Szymborska}"),
    ] {
        assert_eq!(cleaned(label, bytes), cleaned(label, bytes));
        let again = text_of(&cleaned(label, bytes));
        assert!(!again.contains("Szymborska"));
    }
}

#[test]
fn wide_characters_cannot_spell_another_form() {
    for text in ["Seen on ward \u{2}", "%!PS-Adobe", "PK\u{3}\u{4}"] {
        let wide: Vec<u8> = format!("\u{feff}{text}")
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect();
        let code = Some("documents.unknown_form");
        assert_eq!(refused("text/plain", &wide), code);
    }
}
