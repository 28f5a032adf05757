//! Public files: each is cleaned, or refused with a reason.

use std::fs;

use wardgate_deid::Profile;

use crate::scene::{clean, files, shared};

/// Files that are refused, and why.
const REFUSED: [(&str, &str); 3] = [
    ("MR_truncated.dcm", "dicom.truncated"),
    // Their compressed pictures hold text.
    ("OBXXXX1A_rle.dcm", "dicom.burned_in"),
    ("jpeg_comment.dcm", "dicom.burned_in"),
];

#[test]
fn every_public_file_is_cleaned_or_refused_with_a_reason() {
    let files = files(Profile::safe_harbor());
    for folder in ["pydicom", "traps"] {
        let Some(folder) = shared(folder) else { return };
        let mut paths: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path())
            .collect();
        paths.sort();
        for path in paths {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let input = fs::read(&path).unwrap();
            let refused = REFUSED.iter().find(|(file, _)| *file == name);
            match (clean(&files, &input), refused) {
                (Ok((output, cleaned)), None) => {
                    println!("{name}: {:?}, {} bytes", cleaned.pixels, output.len());
                    keep(&name, &output);
                }
                (Err(fault), Some((_, code))) => assert_eq!(fault.code(), *code, "{name}"),
                (Ok(_), Some(_)) => panic!("{name} was not refused"),
                (Err(fault), None) => {
                    println!(
                        "REFUSED {name}: {} {fault} {:?}",
                        fault.code(),
                        fault.byte()
                    );
                }
            }
        }
    }
}

/// Leaves an output where `WARDGATE_DICOM_OUT` says, for other programs to look at.
fn keep(name: &str, output: &[u8]) {
    if let Some(folder) = std::env::var_os("WARDGATE_DICOM_OUT") {
        let folder = std::path::PathBuf::from(folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), output).unwrap();
    }
}
