//! The formats that hospitals have.

mod ccda;
mod dicom;
mod fhir;
mod hl7v2;

pub use ccda::Documents;
pub use dicom::Images;
pub use fhir::{Resources, learn};
pub use hl7v2::Messages;
