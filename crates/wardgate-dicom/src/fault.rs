//! Why a file is refused: the faults of this crate, each with its code.

use wardgate_deid::RecordFault;

pub(crate) fn truncated(at: usize) -> RecordFault {
    RecordFault::new(
        "dicom.truncated",
        "the file ends within a data element",
        "fetch the file again: a part of it is missing",
    )
    .at(at as u64)
}

pub(crate) fn malformed(what: &'static str, at: usize) -> RecordFault {
    RecordFault::new(
        "dicom.malformed",
        what,
        "check the file with the program that wrote it, or leave it out",
    )
    .at(at as u64)
}

pub(crate) fn not_dicom() -> RecordFault {
    RecordFault::new(
        "dicom.not_dicom",
        "the file does not begin as a DICOM file or data set does",
        "leave files out that are not DICOM",
    )
}

pub(crate) fn too_large(what: &'static str) -> RecordFault {
    RecordFault::new("dicom.too_large", what, "leave the file out, or split it")
}

pub(crate) fn unread(_: std::io::Error) -> RecordFault {
    RecordFault::new(
        "dicom.unread",
        "the file cannot be read",
        "check the disk and the rights on the file",
    )
}

pub(crate) fn unwritten(_: std::io::Error) -> RecordFault {
    RecordFault::new(
        "dicom.unwritten",
        "the output cannot be written",
        "check the free space and the rights on the output folder",
    )
}
