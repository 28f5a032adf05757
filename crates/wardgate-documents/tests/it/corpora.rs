//! Documents of the public corpora, where those are at hand.

use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use wardgate_documents::decoded_text;

use super::cleaned;

fn corpora() -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let shared =
        std::env::var_os("WARDGATE_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from);
    let corpora = shared.join("corpora");
    if !corpora.is_dir() {
        println!("no corpora at hand");
        return None;
    }
    Some(corpora)
}

#[test]
fn the_pdf_of_a_clinical_document_is_read_wholly() {
    let Some(corpora) = corpora() else {
        return;
    };
    let xml = std::fs::read_to_string(corpora.join("ccda/embedded_pdf.xml")).unwrap();
    let (_, rest) = xml.split_once("representation=\"B64\">").unwrap();
    let (encoded, _) = rest.split_once('<').unwrap();
    let encoded: String = encoded.split_whitespace().collect();
    let pdf = BASE64_STANDARD.decode(encoded).unwrap();
    let before = decoded_text("application/pdf", &pdf).unwrap();
    let cleaned = cleaned("application/pdf", &pdf);
    assert_eq!(cleaned.withheld, None);
    let after = decoded_text("application/pdf", &cleaned.bytes).unwrap();
    println!("{} letters before, {} after", before.len(), after.len());
    if std::env::var_os("SHOW_PUBLIC_SAMPLE").is_some() {
        println!("{before}\n=====\n{after}");
    }
    assert!(before.contains("Benjamin Flessner"));
    assert!(!after.contains("Flessner"));
    assert!(after.len() * 2 > before.len());
}

#[test]
fn the_trap_of_an_encapsulated_pdf_is_withheld() {
    let Some(corpora) = corpora() else {
        return;
    };
    let object = std::fs::read(corpora.join("dicom/traps/encapsulated_pdf.dcm")).unwrap();
    let at = object.windows(5).position(|five| five == b"%PDF-").unwrap();
    let end = object
        .windows(5)
        .rposition(|five| five == b"%%EOF")
        .unwrap()
        + 5;
    let cleaned = cleaned("application/pdf", &object[at..end]);
    assert!(cleaned.withheld.is_some());
    assert!(!String::from_utf8_lossy(&cleaned.bytes).contains("Perpetua"));
}
