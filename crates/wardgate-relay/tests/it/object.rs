//! DICOM objects for the tests.

use std::path::Path;

/// A file with a patient, whose head lacks what many programs leave out, in a transfer syntax of little endian and explicit value representations.
pub(crate) fn file(syntax: &str, instance: &str) -> Vec<u8> {
    let mut group = element((2, 1), b"OB", &[0, 1]);
    group.extend(element((2, 2), b"UI", &uid(CLASS)));
    group.extend(element((2, 3), b"UI", &uid(instance)));
    group.extend(element((2, 0x10), b"UI", &uid(syntax)));
    let mut file = vec![0; 128];
    file.extend(b"DICM");
    file.extend(element(
        (2, 0),
        b"UL",
        &u32::try_from(group.len()).unwrap().to_le_bytes(),
    ));
    file.extend(group);
    file.extend(data_set(instance));
    file
}

/// A data set with a patient, explicit, little endian.
pub(crate) fn data_set(instance: &str) -> Vec<u8> {
    let mut set = Vec::new();
    set.extend(element((8, 0x16), b"UI", &uid(CLASS)));
    set.extend(element((8, 0x18), b"UI", &uid(instance)));
    set.extend(element((8, 0x20), b"DA", b"20240312"));
    set.extend(element((8, 0x60), b"CS", b"OT"));
    set.extend(element((0x10, 0x10), b"PN", b"Lindqvist^Maria "));
    set.extend(element((0x10, 0x20), b"LO", b"4471902 "));
    set.extend(element((0x20, 0x0d), b"UI", &uid("1.2.840.99999.1")));
    set.extend(element((0x20, 0x0e), b"UI", &uid("1.2.840.99999.2")));
    set.extend(element((0x20, 0x13), b"IS", b"7 "));
    set
}

/// All files below a folder.
pub(crate) fn files(place: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(place).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found
}

pub(crate) fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|part| part == text.as_bytes())
}

fn element((group, element): (u16, u16), vr: &[u8; 2], value: &[u8]) -> Vec<u8> {
    let mut out = group.to_le_bytes().to_vec();
    out.extend(element.to_le_bytes());
    out.extend(vr);
    match vr {
        b"OB" => {
            out.extend([0, 0]);
            out.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
        }
        _ => out.extend(u16::try_from(value.len()).unwrap().to_le_bytes()),
    }
    out.extend(value);
    out
}

fn uid(uid: &str) -> Vec<u8> {
    let mut bytes = uid.as_bytes().to_vec();
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    bytes
}

/// Raw data, which has no pixels.
pub(crate) const CLASS: &str = "1.2.840.10008.5.1.4.1.1.66";
pub(crate) const EXPLICIT: &str = "1.2.840.10008.1.2.1";
