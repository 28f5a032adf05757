//! Every way in which a data set can be written, and the wrong ones that files are found in.

use std::io::{Cursor, Write};

use dicom_object::{FileDicomObject, InMemDicomObject};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use wardgate_deid::Profile;

use crate::made::{BIG_ENDIAN, DEFLATED, EXPLICIT, Form, IMPLICIT, JPEG, Made};
use crate::scene::{clean, contains, files, refused};

type Object = FileDicomObject<InMemDicomObject>;

/// Reads an output with a reader that is not ours.
pub(crate) fn read(output: &[u8]) -> Object {
    dicom_object::from_reader(Cursor::new(output)).unwrap()
}

pub(crate) fn text(object: &Object, name: &str) -> String {
    let element = object.element_by_name(name).unwrap();
    element.to_str().unwrap().trim_end().to_owned()
}

fn checked(input: &[u8]) -> Object {
    let (output, _) = clean(&files(Profile::safe_harbor()), input).unwrap();
    assert!(output[..128].iter().all(|byte| *byte == 0));
    for word in [
        "Quillfeather",
        "QUILLFEATHER",
        "Ottoline",
        "0044127",
        "19570304",
        "7741902",
    ] {
        assert!(!contains(&output, word), "{word}");
    }
    let object = read(&output);
    assert_eq!(text(&object, "PatientIdentityRemoved"), "YES");
    assert_eq!(text(&object, "Manufacturer"), "Example Imaging");
    assert_eq!(text(&object, "Rows"), "64");
    assert_ne!(text(&object, "StudyDate"), "20240312");
    object
}

fn rows(made: Made) -> Made {
    made.number(0x0028_0010, 64)
}

#[test]
fn one_patient_comes_out_alike_of_every_encoding() {
    let explicit = checked(&rows(Made::usual(Form::Explicit)).file(EXPLICIT));
    let implicit = checked(&rows(Made::usual(Form::Implicit)).file(IMPLICIT));
    let big = checked(&rows(Made::usual(Form::BigEndian)).file(BIG_ENDIAN));
    let mut deflated = Made::default().file(DEFLATED);
    let mut encoder = DeflateEncoder::new(&mut deflated, Compression::fast());
    encoder
        .write_all(rows(Made::usual(Form::Explicit)).bytes())
        .unwrap();
    encoder.finish().unwrap();
    let (deflated, _) = clean(&files(Profile::safe_harbor()), &deflated).unwrap();
    assert!(contains(&deflated, DEFLATED) && !contains(&deflated, "Example Imaging"));
    for other in [&implicit, &big] {
        for name in [
            "PatientName",
            "PatientID",
            "StudyDate",
            "StudyInstanceUID",
            "AccessionNumber",
        ] {
            assert_eq!(text(other, name), text(&explicit, name), "{name}");
        }
    }
    assert_eq!(
        implicit.meta().transfer_syntax().trim_end_matches('\0'),
        IMPLICIT
    );
    assert_eq!(
        big.meta().transfer_syntax().trim_end_matches('\0'),
        BIG_ENDIAN
    );
}

#[test]
fn a_missing_or_wrong_head_is_seen_through() {
    let explicit = rows(Made::usual(Form::Explicit));
    let implicit = rows(Made::usual(Form::Implicit));
    checked(explicit.bytes());
    checked(implicit.bytes());
    checked(rows(Made::usual(Form::BigEndian)).bytes());
    checked(&explicit.file(IMPLICIT));
    checked(&implicit.file(EXPLICIT));
    checked(&implicit.file(DEFLATED));
    let bare = implicit.file(EXPLICIT);
    checked(&bare[128..]);
    checked(&bare[132..]);
}

#[test]
fn sequences_are_cleaned_however_they_are_written() {
    let inner = |form| {
        Made::in_form(form)
            .put(0x0010_0010, "PN", "Quillfeather^Ottoline")
            .put(0x0040_0007, "LO", "CT Quillfeather")
    };
    for delimited in [false, true] {
        let form = Form::Explicit;
        let deeper = Made::in_form(form).items(0x0008_1111, &[inner(form)], delimited);
        let made = rows(Made::usual(form)).items(0x0040_0260, &[deeper], delimited);
        checked(&made.file(EXPLICIT));
        // In UN, everything within is implicit.
        let made = rows(Made::usual(form)).items_in(
            0x0040_0260,
            "UN",
            &[inner(Form::Implicit)],
            delimited,
        );
        let object = checked(&made.file(EXPLICIT));
        assert!(
            object
                .element_by_name("PerformedProtocolCodeSequence")
                .unwrap()
                .items()
                .is_some()
        );
        let made = rows(Made::usual(Form::Implicit)).items(
            0x0040_0260,
            &[inner(Form::Implicit)],
            delimited,
        );
        checked(&made.file(IMPLICIT));
    }
    // Some writers put explicit elements there.
    let made = rows(Made::usual(Form::Explicit)).items_in(
        0x0040_0260,
        "UN",
        &[inner(Form::Explicit)],
        false,
    );
    checked(&made.file(EXPLICIT));
}

#[test]
fn wrong_representations_hide_nothing() {
    for vr in ["LO", "OB", "UN", "ST", "SH", "US", "UT"] {
        let made = Made::in_form(Form::Explicit)
            .raw(0x0010_0010, vr, b"Quillfeather^Ottoline ")
            .put(0x0010_0020, "LO", "WG-0044127");
        let (output, _) = clean(&files(Profile::safe_harbor()), &made.file(EXPLICIT)).unwrap();
        assert!(!contains(&output, "Quillfeather"), "{vr}");
        assert!(text(&read(&output), "PatientName").len() > 3, "{vr}");
    }
}

#[test]
fn doubled_and_unordered_elements_are_cleaned_and_put_in_order() {
    let made = rows(Made::usual(Form::Explicit))
        .put(0x0010_0010, "PN", "Quillfeather^Ottoline")
        .put(0x0008_0000, "UL", "long")
        .put(0x0008_1070, "PN", "Brackenridge^Cosmo");
    let object = checked(&made.file(EXPLICIT));
    let tags: Vec<_> = object.iter().map(|element| element.header().tag).collect();
    assert!(tags.is_sorted() && tags.len() > 10);
    assert!(object.element_by_name("GenericGroupLength").is_err());
}

#[test]
fn what_stands_behind_the_pixels_is_cleaned_or_goes() {
    let made = rows(Made::usual(Form::Explicit).number(0x0028_0002, 1))
        .number(0x0028_0011, 1)
        .number(0x0028_0100, 8)
        .raw(0x7fe0_0010, "OW", &[7; 64]);
    let padded = made.clone().raw(0xfffc_fffc, "OB", b"Quillfeather");
    checked(&padded.file(EXPLICIT));
    let mut dirty = made.file(EXPLICIT);
    dirty.extend_from_slice(b"Quillfeather^Ottoline WG-0044127");
    let object = checked(&dirty);
    assert_eq!(
        object
            .element_by_name("PixelData")
            .unwrap()
            .to_bytes()
            .unwrap()
            .as_ref(),
        [7; 64]
    );
}

#[test]
fn files_that_cannot_be_understood_are_refused_with_a_reason() {
    let made = rows(Made::usual(Form::Explicit));
    let file = made.file(EXPLICIT);
    for cut in [file.len() - 1, file.len() - 5, 301, 140] {
        let code = refused(&file[..cut]);
        assert!(
            matches!(code, "dicom.truncated" | "dicom.malformed"),
            "{cut}: {code}"
        );
    }
    let pixels = made.clone().raw(0x7fe0_0010, "OW", &[0; 64]).file(EXPLICIT);
    assert_eq!(refused(&pixels[..pixels.len() - 9]), "dicom.truncated");
    let fragments = made.clone().fragments(&[vec![0; 64]]).file(JPEG);
    assert_eq!(
        refused(&fragments[..fragments.len() - 20]),
        "dicom.truncated"
    );
    assert_eq!(
        refused(&made.clone().fragments(&[vec![0; 64]]).file(EXPLICIT)),
        "dicom.syntax_mismatch"
    );
    assert_eq!(
        refused(b"%PDF-1.7 and so on, which is no DICOM"),
        "dicom.not_dicom"
    );
    assert_eq!(refused(b""), "dicom.not_dicom");
    let charset = Made::default().put(0x0008_0005, "CS", "ISO_IR 999");
    assert_eq!(refused(&charset.file(EXPLICIT)), "dicom.character_set");
    let directory = Made::default().put(0x0008_0016, "UI", "1.2.840.10008.1.3.10");
    assert_eq!(refused(&directory.file(EXPLICIT)), "dicom.directory");
}

#[test]
fn bombs_are_refused() {
    let mut nested = Made::default().put(0x0010_0010, "PN", "Quillfeather");
    for _ in 0..100 {
        nested = Made::default().items(0x0040_0260, &[nested], true);
    }
    assert_eq!(refused(&nested.file(EXPLICIT)), "dicom.too_large");
    // A megabyte of zeros, flushed, so that it can stand any number of times.
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![0; 1 << 20]).unwrap();
    encoder.flush().unwrap();
    let megabyte = encoder.get_ref().clone();
    let mut deflated = Made::default().file(DEFLATED);
    deflated.extend_from_slice(&megabyte.repeat(600));
    deflated.extend_from_slice(&[3, 0]);
    assert_eq!(refused(&deflated), "dicom.too_large");
}

#[test]
fn letters_of_every_set_are_read() {
    let name = |set: &str, name: &[u8]| {
        let mut value = name.to_vec();
        if value.len() % 2 == 1 {
            value.push(b' ');
        }
        let mut comment = b"seen: ".to_vec();
        comment.extend_from_slice(name);
        if comment.len() % 2 == 1 {
            comment.push(b' ');
        }
        let made = Made::default()
            .put(0x0008_0005, "CS", set)
            .raw(0x0010_0010, "PN", &value)
            .put(0x0010_0020, "LO", "WG-0044127")
            .raw(0x0020_4000, "LT", &comment);
        let (output, _) = clean(&files(Profile::safe_harbor()), &made.file(EXPLICIT)).unwrap();
        for word in name
            .split(|byte| matches!(byte, b'^' | b'='))
            .filter(|word| word.len() > 3)
        {
            assert!(memchr::memmem::find(&output, word).is_none(), "{set}");
        }
    };
    name("ISO_IR 100", b"Buc^J\xe9r\xf4me");
    name("ISO_IR 192", "Łucja^Brzęczyszczykiewicz".as_bytes());
    name(
        "\\ISO 2022 IR 87",
        b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B",
    );
    name("GB18030", b"\xcd\xf5^\xd0\xa1\xb6\xab");
    name("ISO_IR 144", b"\xbb\xee\xda\xde\xd1\xd8\xec\xd0");
}
