//! HTML and XHTML.

use super::{assert_clean, cleaned};

#[test]
fn identifiers_go_wherever_a_page_may_hold_them() {
    let page = "<!DOCTYPE html><html><head><title>Perpetua Szymborska</title>\
        <meta name=author content='Perpetua Szymborska'><style>/* Szymborska */</style></head>\
        <body data-patient=MRN4286669><!-- Perpetua --><h1>Report</h1>\
        <p title='Szymborska'>Pa<b>tient</b>: Per<i>pe</i>tua&#32;Szym&#98;orska, <a href='http://x/?mrn=MRN4286669'>link</a></p>\
        <img alt='Perpetua' src='data:image/png;base64,UGVycGV0dWE='>\
        <form><input value='Szymborska'><input type=hidden value=MRN4286669></form>\
        <script>var p = 'Perpetua';</script><p>Potassium <b>4.1</b> mmol/L</p></body></html>";
    let cleaned = cleaned("text/html", page.as_bytes());
    let text = assert_clean(&cleaned);
    assert!(text.contains("Report") && text.contains("Potassium 4.1 mmol/L"));
    let bytes = String::from_utf8(cleaned.bytes).unwrap();
    assert!(
        bytes.contains("<p>Potassium <b>4.1</b> mmol/L</p>"),
        "{bytes}"
    );
    assert_eq!(cleaned.parts_left_out, 1);
}

#[test]
fn tables_stay_tables() {
    let page = b"<table><tr><th>Name<th>Value<tr><td>Patient<td>Perpetua Szymborska<tr><td>Sodium<td>140</table>";
    let cleaned = cleaned("", page);
    assert_clean(&cleaned);
    let bytes = String::from_utf8(cleaned.bytes).unwrap();
    assert!(
        bytes.contains("<tr><td>Sodium</td><td>140</td></tr>"),
        "{bytes}"
    );
}

#[test]
fn a_deep_and_a_broken_page_end() {
    let deep = "<div>".repeat(200_000);
    assert_eq!(cleaned("text/html", deep.as_bytes()).withheld, None);
    let broken = "<p ".repeat(200_000);
    assert_eq!(cleaned("text/html", broken.as_bytes()).withheld, None);
    let comments = "<!--".repeat(200_000);
    assert_eq!(cleaned("text/html", comments.as_bytes()).withheld, None);
    let inline = format!("<p>{}x", "<b>".repeat(200_000));
    assert_eq!(cleaned("text/html", inline.as_bytes()).withheld, None);
}
