//! What the profile and its options make of attributes.

use dicom_core::Tag;
use wardgate_deid::{Operation, Profile};
use wardgate_dicom::Options;

use crate::encodings::{read, text};
use crate::made::{EXPLICIT, Form, JPEG, Made};
use crate::scene::{clean, contains, files, files_with};

#[test]
fn private_and_unknown_attributes_go_unless_they_are_known_to_be_safe() {
    let made = Made::usual(Form::Explicit)
        .put(0x0019_0010, "LO", "GEMS_ACQU_01")
        .put(0x0019_1023, "DS", "12.5")
        .put(0x0019_1024, "DS", "Quillfeather")
        .put(0x0019_1099, "LO", "Quillfeather")
        .put(0x0029_0010, "LO", "SOMEBODY ELSE")
        .put(0x0029_1010, "LO", "Quillfeather")
        .put(0x0040_0ff0, "LO", "Quillfeather")
        .put(0x0004_1130, "CS", "QUILLFEATHER");
    let (output, cleaned) = clean(&files(Profile::safe_harbor()), &made.file(EXPLICIT)).unwrap();
    let object = read(&output);
    let has = |group, element| object.element(Tag(group, element)).is_ok();
    assert!(has(0x0019, 0x0010) && has(0x0019, 0x1023));
    for (group, element) in [
        (0x19, 0x1024),
        (0x19, 0x1099),
        (0x29, 0x10),
        (0x29, 0x1010),
        (0x40, 0xff0),
        (4, 0x1130),
    ] {
        assert!(!has(group, element), "{group:x} {element:x}");
    }
    let removed = cleaned
        .tally
        .elements()
        .filter(|(_, operation, _)| *operation == Operation::Removed);
    assert_eq!(removed.map(|(_, _, count)| count).sum::<u64>(), 4);
    let options = Options {
        retain_safe_private: false,
        ..Options::of(&Profile::safe_harbor())
    };
    let strict = files_with(Profile::safe_harbor(), options);
    let (output, _) = clean(&strict, &made.file(EXPLICIT)).unwrap();
    assert!(read(&output).element(Tag(0x19, 0x10)).is_err());
}

#[test]
fn the_basic_profile_alone_lets_no_date_description_or_age_stand() {
    let made = Made::usual(Form::Explicit)
        .put(0x0010_1010, "AS", "067Y")
        .put(0x0018_1030, "LO", "Abdomen routine")
        .put(0x0018_9074, "DT", "20240312101112");
    let basic = files_with(Profile::safe_harbor(), Options::basic());
    let (output, _) = clean(&basic, &made.file(EXPLICIT)).unwrap();
    let object = read(&output);
    assert_eq!(text(&object, "StudyDate"), "");
    assert_eq!(text(&object, "FrameAcquisitionDateTime"), "19000101000000");
    assert_eq!(text(&object, "ProtocolName"), "REMOVED");
    assert_eq!(text(&object, "PatientSex"), "");
    for name in ["PatientAge", "StudyDescription"] {
        assert!(object.element_by_name(name).is_err(), "{name}");
    }
    assert_eq!(
        text(&object, "LongitudinalTemporalInformationModified"),
        "REMOVED"
    );
    assert!(contains(&output, "113100") && !contains(&output, "113107"));
}

#[test]
fn options_follow_the_profile() {
    let made = Made::usual(Form::Explicit).put(0x0010_1010, "AS", "093Y");
    let (output, _) = clean(&files(Profile::safe_harbor()), &made.file(EXPLICIT)).unwrap();
    let object = read(&output);
    assert_eq!(text(&object, "PatientAge"), "090Y");
    assert_eq!(text(&object, "PatientSex"), "F");
    assert!(text(&object, "StudyDescription").starts_with("Abdomen of Mrs "));
    assert_eq!(text(&object, "StudyTime"), "101112");
    let (output, _) = clean(&files(Profile::limited_data_set()), &made.file(EXPLICIT)).unwrap();
    let object = read(&output);
    assert_eq!(text(&object, "StudyDate"), "20240312");
    assert_eq!(text(&object, "PatientAge"), "093Y");
    assert_eq!(text(&object, "PatientBirthDate"), "19570304");
    assert_ne!(text(&object, "PatientID"), "WG-0044127");
    let kept = Options {
        retain_uids: true,
        retain_institution_identity: true,
        ..Options::of(&Profile::safe_harbor())
    };
    let files = files_with(Profile::safe_harbor(), kept);
    let mut output = Vec::new();
    files
        .file(std::io::Cursor::new(made.file(EXPLICIT)), &mut output)
        .unwrap();
    let object = read(&output);
    assert_eq!(
        text(&object, "SOPInstanceUID").trim_end_matches('\0'),
        "1.2.826.0.1.3680043.2.1143.57.1"
    );
    assert_eq!(text(&object, "InstitutionName"), "Alder Grove Clinic");
    // A UID in which the birth date stands is replaced all the same.
    assert!(text(&object, "StudyInstanceUID").starts_with("2.25."));
}

#[test]
fn uids_are_the_same_in_every_file_and_those_of_the_standard_stay() {
    let made = Made::usual(Form::Explicit)
        .put(0x0020_0052, "UI", "1.2.840.10008.1.4.1.1")
        .put(0x0020_0200, "UI", "1.2.826.0.1.3680043.2.1143.57.1");
    let (one, _) = clean(&files(Profile::safe_harbor()), &made.file(EXPLICIT)).unwrap();
    let (other, _) = clean(&files(Profile::limited_data_set()), &made.file(EXPLICIT)).unwrap();
    let (one, other) = (read(&one), read(&other));
    assert_eq!(text(&one, "SOPInstanceUID"), text(&other, "SOPInstanceUID"));
    assert_eq!(
        text(&one, "SOPInstanceUID"),
        text(&one, "SynchronizationFrameOfReferenceUID")
    );
    assert_eq!(
        text(&one, "FrameOfReferenceUID").trim_end_matches('\0'),
        "1.2.840.10008.1.4.1.1"
    );
    let meta = one
        .meta()
        .media_storage_sop_instance_uid()
        .trim_end_matches('\0');
    assert_eq!(meta, text(&one, "SOPInstanceUID").trim_end_matches('\0'));
}

#[test]
fn identifiers_in_texts_codes_and_numbers_go() {
    let made = Made::usual(Form::Explicit)
        .put(0x0008_0070, "LO", "Made for Quillfeather")
        .put(0x0010_1000, "LO", "700441275")
        .put(0x0018_0015, "CS", "Quillfeather")
        .put(0x0018_1020, "LO", "1.2.3")
        .put(
            0x0020_4000,
            "LT",
            "like 1.2.826.0.1.3680043.2.1143.57.1, ACC-7741902, Alder Grove Clinic",
        )
        .put(0x0028_0008, "IS", "700441275")
        .put(0x0028_1055, "LO", "born 19570304")
        .put(0x0054_1001, "CS", "BQML");
    let (output, _) = clean(&files(Profile::safe_harbor()), &made.file(EXPLICIT)).unwrap();
    let object = read(&output);
    for word in [
        "Quillfeather",
        "700441275",
        "1143.57.1",
        "7741902",
        "Alder Grove",
        "19570304",
    ] {
        assert!(!contains(&output, word), "{word}");
    }
    assert_eq!(text(&object, "SoftwareVersions"), "1.2.3");
    assert_eq!(text(&object, "Units"), "BQML");
    assert!(text(&object, "ImageComments").starts_with("like "));
}

#[test]
fn overlays_and_curves_go() {
    let made = Made::usual(Form::Explicit)
        .raw(0x5000_3000, "OW", b"Quillfeather")
        .number(0x6002_0010, 8)
        .put(0x6002_0022, "LO", "label Ottoline")
        .raw(0x6002_3000, "OW", b"Quillfeather")
        .put(0x6002_4000, "LT", "of Quillfeather");
    let (output, _) = clean(&files(Profile::safe_harbor()), &made.file(EXPLICIT)).unwrap();
    let object = read(&output);
    let has = |group, element| object.element(Tag(group, element)).is_ok();
    assert!(!has(0x5000, 0x3000) && !has(0x6002, 0x3000) && has(0x6002, 0x0010));
}

#[test]
fn comments_in_compressed_pixels_are_emptied_and_fragments_stay_as_long() {
    let mut frame = b"\xff\xd8\xff\xfe\0\x0eQuillfeather\xff\xda\0\x02\x55\xff\xd9".to_vec();
    frame.extend_from_slice(b"Ottoline\0");
    let made = Made::usual(Form::Explicit)
        .put(0x0028_0008, "IS", "2")
        .fragments(&[frame.clone(), frame.clone()]);
    let input = made.file(JPEG);
    // The picture shows nothing, so it is not looked at.
    let options = Options {
        clean_pixel_data: false,
        ..Options::of(&Profile::safe_harbor())
    };
    let files = files_with(Profile::safe_harbor(), options);
    let (output, cleaned) = clean(&files, &input).unwrap();
    assert!(cleaned.tally.total(Operation::Emptied) > 0);
    let object = read(&output);
    let pixels = object.element_by_name("PixelData").unwrap();
    let fragments = pixels.value().fragments().unwrap();
    assert_eq!(fragments.len(), 2);
    for fragment in fragments {
        assert_eq!(fragment.len(), frame.len());
        assert!(fragment.starts_with(b"\xff\xd8\xff\xfe\0\x0e\0\0"));
        assert!(contains(fragment, "\u{2}U") && fragment.ends_with(&[0; 9]));
    }
    assert_eq!(
        pixels.value().offset_table().unwrap(),
        [0, u32::try_from(frame.len()).unwrap() + 8]
    );
}

#[test]
fn documents_are_written_anew() {
    let made = Made::usual(Form::Explicit)
        .raw(0x0042_0011, "OB", b"<ClinicalDocument><name>Ottoline Quillfeather</name><note>Nothing new.</note></ClinicalDocument> ")
        .put(0x0042_0012, "LO", "text/XML");
    let (output, _) = clean(&files(Profile::safe_harbor()), &made.file(EXPLICIT)).unwrap();
    assert!(contains(&output, "Nothing new"));
}

#[test]
fn what_is_said_of_a_document_stands_beside_it() {
    let source = Made::in_form(Form::Explicit).put(0x0008_1150, "UI", "1.2.840.10008.5.1.4.1.1.2");
    let made = Made::usual(Form::Explicit)
        .raw(0x0042_0011, "OB", b"\x01\x02\x03\x04")
        .put(0x0042_0012, "LO", "model/stl")
        .items(0x0042_0013, &[source], false)
        .raw(0x0042_0015, "UL", &[4, 0, 0, 0]);
    let (output, _) = clean(&files(Profile::safe_harbor()), &made.file(EXPLICIT)).unwrap();
    let object = read(&output);
    assert_eq!(
        text(&object, "MIMETypeOfEncapsulatedDocument"),
        "text/plain"
    );
    let document = object.element_by_name("EncapsulatedDocument").unwrap();
    let length = object
        .element_by_name("EncapsulatedDocumentLength")
        .unwrap();
    let told = length.to_int::<usize>().unwrap();
    assert!(document.to_bytes().unwrap().len() - told < 2);
    let items = object.element_by_name("SourceInstanceSequence").unwrap();
    assert_eq!(items.items().unwrap()[0].iter().count(), 1);
}

#[test]
fn a_number_that_every_uid_has_is_no_residue() {
    let made = Made::usual(Form::Explicit).put(0x0020_0010, "SH", "10008");
    let (output, _) = clean(&files(Profile::safe_harbor()), &made.file(EXPLICIT)).unwrap();
    assert_ne!(text(&read(&output), "StudyID"), "10008");
}
