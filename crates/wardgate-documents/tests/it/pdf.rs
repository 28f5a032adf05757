//! PDFs as foreign programs write them.

use std::io::Write as _;

use wardgate_documents::decoded_text;

use super::{assert_clean, cleaned, refused};

/// A file of objects, the first of which is the catalog; streams are given without their length.
fn file(objects: &[&[u8]]) -> Vec<u8> {
    let mut out = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec();
    for (index, object) in objects.iter().enumerate() {
        out.extend_from_slice(format!("{} 0 obj\n", index + 1).as_bytes());
        out.extend_from_slice(object);
        out.extend_from_slice(b"\nendobj\n");
    }
    out.extend_from_slice(b"trailer\n<< /Root 1 0 R >>\n%%EOF");
    out
}

fn stream(dict: &str, content: &[u8]) -> Vec<u8> {
    let mut out = format!("<< {dict} /Length {} >>\nstream\n", content.len()).into_bytes();
    out.extend_from_slice(content);
    out.extend_from_slice(b"\nendstream");
    out
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// A file of one page in Helvetica.
fn page(content: &[u8], more: &str) -> Vec<u8> {
    file(&[
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        format!("<< /Type /Page /Parent 2 0 R /Contents 5 0 R /Resources << /Font << /F1 4 0 R >> >> {more} >>").as_bytes(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        &stream("/Filter /FlateDecode", &deflated(content)),
    ])
}

#[test]
fn words_that_are_shown_in_pieces_are_found() {
    let content = b"BT /F1 12 Tf 72 720 Td [(Pa) 20 (tient: P) -10 (erpet) 30 (ua)] TJ ( Szym) Tj (borska) Tj \
        0 -14 Td (MRN42) Tj (86669) Tj 0 -14 TD (Potassium 4.1 mmol/L) Tj T* (next) ' ET";
    let cleaned = cleaned("application/pdf", &page(content, ""));
    let text = assert_clean(&cleaned);
    assert!(text.contains("Potassium 4.1 mmol/L"), "{text}");
    assert_eq!(cleaned.media_type, "application/pdf");
    assert!(cleaned.bytes.starts_with(b"%PDF-1.7"));
}

#[test]
fn metadata_and_earlier_versions_do_not_stay() {
    let mut pdf = page(b"BT /F1 12 Tf 72 720 Td (Seen today.) Tj ET", "");
    pdf.extend_from_slice(
        b"\n9 0 obj << /Title (Letter about Perpetua Szymborska MRN4286669) >> endobj\n\
          trailer << /Root 1 0 R /Info 9 0 R >>\n% Szymborska\n",
    );
    let before = decoded_text("application/pdf", &pdf).unwrap();
    assert!(before.contains("Szymborska"));
    let text = assert_clean(&cleaned("application/pdf", &pdf));
    assert!(text.contains("Seen today."));
}

#[test]
fn annotations_and_fields_are_read() {
    let notes = "/Annots [ << /Subtype /Text /Contents (Call Perpetua Szymborska) /Rect [0 0 9 9] >> \
        << /Subtype /Widget /FT /Tx /T (name) /V <FEFF0053007A0079006D0062006F00720073006B0061> >> ]";
    let pdf = page(b"BT /F1 12 Tf 72 720 Td (Body) Tj ET", notes);
    let text = assert_clean(&cleaned("application/pdf", &pdf));
    assert!(text.contains("Body") && text.contains("Call"));
}

#[test]
fn composite_fonts_are_read_by_their_tables() {
    let table = b"/CIDInit begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange \
        3 beginbfrange <0001> <0001> <0050> <0002> <0002> <0065> <0003> <0003> <00720070006500740075> endbfrange \
        1 beginbfchar <0004> <0061> endbfchar endcmap";
    let content = b"BT /F1 10 Tf 50 700 Td <0001000200030004> Tj ET";
    let font = |table: &str| {
        format!(
            "<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H /DescendantFonts [ << /Subtype /CIDFontType2 /DW 500 >> ] {table} >>"
        )
    };
    let with = |font: &str| {
        file(&[
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 /Resources << /Font << /F1 4 0 R >> >> >>",
            b"<< /Type /Page /Parent 2 0 R /Contents [5 0 R] >>",
            font.as_bytes(),
            &stream("", content),
            &stream("", table),
        ])
    };
    let known = with(&font("/ToUnicode 6 0 R"));
    assert!(
        decoded_text("application/pdf", &known)
            .unwrap()
            .contains("Perpetua")
    );
    assert_clean(&cleaned("application/pdf", &known));
    let unknown = with(&font(""));
    assert_eq!(
        refused("application/pdf", &unknown),
        Some("documents.pdf_font_unreadable")
    );
    let withheld = cleaned("application/pdf", &unknown);
    assert!(withheld.withheld.is_some() && withheld.bytes.starts_with(b"%PDF-1.7"));
}

#[test]
fn objects_in_object_streams_are_read() {
    let objects = b"<< /Type /Catalog /Pages 2 0 R >> << /Type /Pages /Kids [3 0 R] >> \
        << /Type /Page /Contents 6 0 R /Resources << /Font << /F1 << /Type /Font /Subtype /TrueType /BaseFont /Arial >> >> >> >>";
    let second = objects.windows(8).position(|w| w == b"<< /Type").unwrap();
    let starts: Vec<usize> = objects
        .windows(8)
        .enumerate()
        .filter(|(_, w)| *w == b"<< /Type")
        .map(|(at, _)| at)
        .collect();
    assert_eq!(second, starts[0]);
    let head = format!("1 {} 2 {} 3 {} ", starts[0], starts[1], starts[2]);
    let packed = [head.as_bytes(), objects.as_slice()].concat();
    let dict = format!(
        "/Type /ObjStm /N 3 /First {} /Filter /FlateDecode",
        head.len()
    );
    let mut pdf = b"%PDF-1.5\n7 0 obj ".to_vec();
    pdf.extend(stream(&dict, &deflated(&packed)));
    pdf.extend(b" endobj 6 0 obj ");
    pdf.extend(stream(
        "",
        b"BT /F1 11 Tf 40 400 Td (Perpetua) Tj 60 0 Td (Szymborska 37 \\260C) Tj ET",
    ));
    pdf.extend(b" endobj 8 0 obj << /Type /XRef /Root 1 0 R >> stream\n\nendstream endobj");
    let text = assert_clean(&cleaned("application/pdf", &pdf));
    assert!(text.contains("37 °C"), "{text}");
}

#[test]
fn what_cannot_be_read_wholly_does_not_pass() {
    let mut encrypted = page(b"BT /F1 12 Tf (x) Tj ET", "");
    encrypted.extend_from_slice(b"trailer << /Root 1 0 R /Encrypt 9 0 R >>");
    assert_eq!(
        refused("application/pdf", &encrypted),
        Some("documents.pdf_encrypted")
    );
    let scan = page(b"q 595 0 0 842 0 0 cm BI /W 1 /H 1 ID x EI Q", "");
    assert_eq!(
        refused("application/pdf", &scan),
        Some("documents.pdf_without_text")
    );
    let both = page(b"BT /F1 12 Tf (text) Tj ET BI /W 1 /H 1 ID x EI ", "");
    assert_eq!(
        refused("application/pdf", &both),
        Some("documents.parts_unread")
    );
    assert_eq!(cleaned("application/pdf", &both).parts_left_out, 1);
    let headless =
        b"%PDF-1.4\n1 0 obj<</Title(Letter about Perpetua Szymborska MRN4286669)>>endobj\n%%EOF\n";
    assert_eq!(
        refused("application/pdf", headless),
        Some("documents.pdf_damaged")
    );
    let withheld = cleaned("application/pdf", headless);
    assert!(!String::from_utf8_lossy(&withheld.bytes).contains("Perpetua"));
}

#[test]
fn bombs_and_loops_end() {
    let bomb = stream(
        "/Type /ObjStm /N 1 /First 9 /Filter [/FlateDecode /FlateDecode]",
        &deflated(&deflated(&vec![b' '; 200 << 20])),
    );
    let pdf = file(&[
        b"<< /Type /Catalog /Pages 3 0 R >>",
        &bomb,
        b"<< /Kids [3 0 R] >>",
    ]);
    assert_eq!(
        refused("application/pdf", &pdf),
        Some("documents.pdf_too_long")
    );
    let selfish = file(&[
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [2 0 R 3 0 R] >>",
        b"<< /Type /Page /Contents 4 0 R /Resources << /XObject << /A 5 0 R >> >> >>",
        &stream("", b"/A Do"),
        &stream("/Type /XObject /Subtype /Form", b"/A Do /A Do"),
    ]);
    assert_eq!(
        refused("application/pdf", &selfish),
        Some("documents.pdf_too_long")
    );
}

#[test]
fn letters_of_every_script_are_written_and_read_again() {
    let text = "Łódź ≥ 5 µm α β 日本 \u{1f600} „ok“ — 100 €";
    let html = format!("<p>{text}</p>");
    assert!(super::text_of(&cleaned("text/html", html.as_bytes())).contains(text));
    let units: String = text
        .encode_utf16()
        .map(|unit| format!("{unit:04X}"))
        .collect();
    let notes = format!("/Annots [ << /Subtype /Text /Contents <FEFF{units}> >> ]");
    let pdf = page(b"BT /F1 12 Tf (Body) Tj ET", &notes);
    let read = super::text_of(&cleaned("application/pdf", &pdf));
    assert!(read.contains(text), "{read}");
}
