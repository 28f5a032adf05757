//! De-identifies FHIR R4 and R5 resources by the types of their elements.
#![deny(missing_docs)]
