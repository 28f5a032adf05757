//! De-identifies documents inside records: plain text, HTML, RTF and PDF.
//!
//! A document is never edited in place. Its text is read, goes through the text engine, and a new document
//! of the same form is written that holds that text and nothing else: no metadata, script, picture, font,
//! attachment or earlier version of the input can be in it. What cannot be read wholly is withheld: a
//! sentence that says so stands for it.
//!
//! ```
//! use wardgate_deid::{Day, Engine, PatientIdentifiers, Profile, ProjectKey, RecordRules};
//! use wardgate_documents::{clean, decoded_text};
//!
//! let as_of = Day::new(2026, 11, 30).ok_or("no such day")?;
//! let key = ProjectKey::new([7; 32]);
//! let rules = RecordRules::new(Engine::exact_only(), Profile::safe_harbor(), key, as_of);
//! let patient = rules.patient("0044127", &PatientIdentifiers::default());
//! let page = b"<p>Call <b>555</b>-010-4477, ask for <i>lab</i>.</p>";
//! let cleaned = clean(&rules.scope(&patient), "text/html", page)?;
//! assert_eq!(cleaned.media_type, "text/html");
//! assert!(!decoded_text(&cleaned.media_type, &cleaned.bytes)?.contains("4477"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]

mod charset;
mod form;
mod html;
mod lines;
mod pdf;
mod rtf;
mod xml;

use std::fmt;

use wardgate_deid::{Operation, RecordFault, RecordScope, Tally};

use form::Form;

/// A document that may leave.
#[derive(Clone, PartialEq, Eq)]
pub struct CleanedDocument {
    /// The new document.
    pub bytes: Vec<u8>,
    /// What it is; another type than the input's where that was not what it said, or was withheld.
    pub media_type: String,
    /// What was done, by media type.
    pub tally: Tally,
    /// Why nothing of the input is in it, when it was withheld.
    pub withheld: Option<RecordFault>,
    /// Pictures, attachments and other parts that were not read, and so are not in it.
    pub parts_left_out: u32,
}

/// How documents are treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What becomes of a document that cannot be read wholly.
    pub unreadable: Unreadable,
}

/// What becomes of a document that cannot be read wholly; neither lets anything of it through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unreadable {
    /// A document that says so stands for it. One whose text can be read but that also has pictures or
    /// attachments is written without those.
    #[default]
    Withhold,
    /// It is a fault, also when only a picture or an attachment was not read.
    Refuse,
}

/// Cleans a document, or withholds it.
///
/// `media_type` is what the record says the document is, empty where it does not; its bytes decide.
///
/// # Errors
/// None for a document: whatever cannot be cleaned is withheld, and [`CleanedDocument::withheld`] tells why.
pub fn clean(
    scope: &RecordScope<'_>,
    media_type: &str,
    bytes: &[u8],
) -> Result<CleanedDocument, RecordFault> {
    clean_with(scope, media_type, bytes, Options::default())
}

/// Cleans a document by options.
///
/// # Errors
/// With [`Unreadable::Refuse`], when the document is too long, of an unknown form, damaged, encrypted, holds
/// parts that are not read, or an identifier is surely left after de-identification.
pub fn clean_with(
    scope: &RecordScope<'_>,
    media_type: &str,
    bytes: &[u8],
    options: Options,
) -> Result<CleanedDocument, RecordFault> {
    let form = form::recognise(media_type, bytes);
    match (attempt(scope, form, media_type, bytes), options.unreadable) {
        (Ok(cleaned), Unreadable::Refuse) if cleaned.parts_left_out > 0 => Err(RecordFault::new(
            "documents.parts_unread",
            "the document holds pictures or attachments, which are not read",
            "withhold such documents, or look at them by hand",
        )),
        (Ok(cleaned), _) => Ok(cleaned),
        (Err(fault), Unreadable::Refuse) => Err(fault),
        (Err(fault), Unreadable::Withhold) => Ok(withhold(form, fault)),
    }
}

/// All text of a document that a reader could find in it, metadata too, for whoever verifies an output.
///
/// # Errors
/// When the document is too long, of an unknown form, damaged or encrypted.
pub fn decoded_text(media_type: &str, bytes: &[u8]) -> Result<String, RecordFault> {
    within_limit(bytes)?;
    match form::recognise(media_type, bytes) {
        Form::Text => charset::decode(media_type, bytes),
        Form::Html => Ok(html::all_text(&charset::decode_markup(media_type, bytes)?)),
        Form::Xml => Ok(xml::all_text(&charset::decode_markup(media_type, bytes)?)),
        Form::Rtf => rtf::all_text(bytes),
        Form::Pdf => pdf::all_text(bytes),
        form @ (Form::Picture | Form::Unknown) => Err(unread(form)),
    }
}

impl fmt::Debug for CleanedDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CleanedDocument")
            .field("media_type", &self.media_type)
            .field("bytes", &self.bytes.len())
            .field("withheld", &self.withheld)
            .field("parts_left_out", &self.parts_left_out)
            .finish_non_exhaustive()
    }
}

/// A new document, before it is counted.
struct Written {
    bytes: Vec<u8>,
    media_type: String,
    parts_left_out: u32,
}

fn attempt(
    scope: &RecordScope<'_>,
    form: Form,
    media_type: &str,
    bytes: &[u8],
) -> Result<CleanedDocument, RecordFault> {
    within_limit(bytes)?;
    let written = match form {
        Form::Text => text(scope, media_type, bytes),
        Form::Html => html::clean(scope, &charset::decode_markup(media_type, bytes)?),
        Form::Xml => xml::clean(scope, &charset::decode_markup(media_type, bytes)?),
        Form::Rtf => rtf::clean(scope, bytes),
        Form::Pdf => pdf::clean(scope, bytes),
        Form::Picture | Form::Unknown => Err(unread(form)),
    }?;
    let mut tally = Tally::default();
    tally.note(form.media_type(), Operation::Cleaned);
    tally.add(
        "document part",
        Operation::Removed,
        u64::from(written.parts_left_out),
    );
    Ok(CleanedDocument {
        bytes: written.bytes,
        media_type: written.media_type,
        tally,
        withheld: None,
        parts_left_out: written.parts_left_out,
    })
}

fn text(scope: &RecordScope<'_>, media_type: &str, bytes: &[u8]) -> Result<Written, RecordFault> {
    let (text, _) = through_engine(scope, &charset::decode(media_type, bytes)?)?;
    let media_type = form::relabelled(media_type, "text/plain");
    // Wide characters can spell control characters and the beginnings of other forms.
    match form::recognise(&media_type, text.as_bytes()) {
        Form::Text => Ok(Written {
            media_type,
            bytes: text.into_bytes(),
            parts_left_out: 0,
        }),
        _ => Err(unread(Form::Unknown)),
    }
}

fn withhold(form: Form, fault: RecordFault) -> CleanedDocument {
    let (media_type, bytes) = match form {
        Form::Pdf => ("application/pdf", pdf::write(WITHHELD)),
        Form::Rtf => ("application/rtf", rtf::write(&[WITHHELD])),
        Form::Html => ("text/html", html::page(&[WITHHELD])),
        _ => ("text/plain", WITHHELD.as_bytes().to_vec()),
    };
    let mut tally = Tally::default();
    tally.note(form.media_type(), Operation::Removed);
    CleanedDocument {
        bytes,
        media_type: media_type.to_owned(),
        tally,
        withheld: Some(fault),
        parts_left_out: 0,
    }
}

/// Text through the engine, and whether anything was replaced.
fn through_engine(scope: &RecordScope<'_>, text: &str) -> Result<(String, bool), RecordFault> {
    match scope.text(text) {
        Ok((cleaned, _)) => {
            let changed = cleaned != text;
            Ok((cleaned, changed))
        }
        Err(refusal) => Err(RecordFault::new(
            "documents.residue",
            "an identifier is left in the document after de-identification",
            refusal.hint(),
        )),
    }
}

fn within_limit(bytes: &[u8]) -> Result<(), RecordFault> {
    match bytes.len() > DOCUMENT_BYTES_MAX {
        true => Err(RecordFault::new(
            "documents.too_long",
            format!("the document is longer than {DOCUMENT_BYTES_MAX} bytes"),
            "split the document",
        )),
        false => Ok(()),
    }
}

fn unread(form: Form) -> RecordFault {
    match form {
        Form::Picture => RecordFault::new(
            "documents.picture",
            "the document is a picture, and text in pictures is not read",
            "look at it by hand, or leave it out",
        ),
        _ => RecordFault::new(
            "documents.unknown_form",
            "the document is of a form that is not read",
            "send documents as plain text, HTML, RTF or PDF",
        ),
    }
}

const WITHHELD: &str = "This document was withheld: it could not be de-identified.";

/// The longest document that is read.
pub const DOCUMENT_BYTES_MAX: usize = 64 << 20;
