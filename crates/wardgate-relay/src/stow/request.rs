//! A store request: its body is read as it comes, and its objects are passed on one after another.

use std::fs::File;
use std::io::{BufWriter, Write as _};

use bytes::Bytes;
use tokio::sync::mpsc::Receiver;
use wardgate_deid::RecordFault;

use super::Options;
use super::answer::Answer;
use super::multipart::{Malformed, Multipart, Part};
use crate::counts::Counts;
use crate::fault::Unpassed;
use crate::object::{Identity, Way, storage};

/// Why a request is refused as a whole.
#[derive(Debug)]
pub(super) enum Refused {
    Malformed(Malformed),
    /// A part is no DICOM file.
    OtherType,
    TooLong,
    /// The body ended before its end.
    Ended,
}

/// A piece of a body, or nothing where the connection broke.
pub(super) type Piece = Option<Bytes>;

/// Reads a body and passes its objects on. Blocks the thread.
///
/// `study` is the study that all of them must belong to, where the address names one.
pub(super) fn store(
    mut pieces: Receiver<Piece>,
    boundary: &str,
    study: Option<&str>,
    options: &Options,
    counts: &Counts,
) -> Result<Answer, Refused> {
    let mut request = Store {
        options,
        counts,
        study,
        way: Way::new(&options.objects.downstream, Vec::new()),
        file: None,
        part_bytes: 0,
        answer: Answer::default(),
    };
    let mut reader = Multipart::new(boundary);
    let read = loop {
        let Some(piece) = pieces.blocking_recv() else {
            break reader.end().map_err(Refused::Malformed);
        };
        let Some(bytes) = piece else {
            break Err(Refused::Ended);
        };
        let done = reader.take(&bytes).map_err(Refused::Malformed);
        let done = done.and_then(|parts| parts.into_iter().try_for_each(|part| request.part(part)));
        if done.is_err() {
            break done;
        }
    };
    if request.file.is_some() {
        counts.received();
        counts.refused("relay.object_unfinished");
    }
    let Store {
        way, mut answer, ..
    } = request;
    way.end();
    match read {
        Ok(()) => Ok(answer),
        Err(fault) if answer.is_empty() => Err(fault),
        Err(_) => {
            // What was passed on cannot be called back, so the answer tells of it, and of a rest that failed.
            answer.failed(None, &Unpassed::Record(body_unread()));
            Ok(answer)
        }
    }
}

fn body_unread() -> RecordFault {
    RecordFault::new(
        "relay.body_unread",
        "the body of the request cannot be read to its end",
        "send the objects again that the answer does not name",
    )
}

struct Store<'r> {
    options: &'r Options,
    counts: &'r Counts,
    study: Option<&'r str>,
    way: Way,
    file: Option<Result<BufWriter<File>, Unpassed>>,
    part_bytes: u64,
    answer: Answer,
}

impl Store<'_> {
    fn part(&mut self, part: Part) -> Result<(), Refused> {
        match part {
            Part::Begins(kind) => {
                let essence = kind.split(';').next().unwrap_or_default().trim();
                if essence != "application/dicom" {
                    self.counts.received();
                    self.counts.refused("relay.media_type");
                    return Err(Refused::OtherType);
                }
                self.part_bytes = 0;
                let file = self.options.objects.place();
                self.file = Some(file.map(|file| BufWriter::with_capacity(BUFFER_BYTES, file)));
            }
            Part::Data(data) => {
                self.part_bytes = self.part_bytes.saturating_add(data.len() as u64);
                if self.part_bytes > self.options.objects.object_bytes_max {
                    self.file = None;
                    self.counts.received();
                    self.counts.refused("relay.object_too_long");
                    return Err(Refused::TooLong);
                }
                if let Some(Ok(file)) = &mut self.file
                    && let Err(error) = file.write_all(&data)
                {
                    self.file = Some(Err(storage(&error)));
                }
            }
            Part::Ends => self.object(),
        }
        Ok(())
    }

    fn object(&mut self) {
        let Some(file) = self.file.take() else {
            return;
        };
        self.counts.received();
        let file = file.and_then(|file| file.into_inner().map_err(|error| storage(error.error())));
        let mut file = match file {
            Ok(file) => file,
            Err(fault) => return self.failed(None, &fault),
        };
        let sent = Identity::of(&mut file);
        match self.pass(&mut file, sent.as_ref()) {
            Ok(identity) => {
                self.counts.passed();
                self.answer.stored(&identity);
            }
            Err(fault) => self.failed(sent.as_ref(), &fault),
        }
    }

    fn pass(&mut self, file: &mut File, sent: Option<&Identity>) -> Result<Identity, Unpassed> {
        let study = sent.and_then(|identity| identity.study.as_deref());
        if self.study.is_some() && self.study != study {
            return Err(Unpassed::Record(RecordFault::new(
                "relay.other_study",
                "the object is of another study than the address names",
                "send it to the address of its own study",
            )));
        }
        let mut cleaned = self.options.objects.clean(file)?;
        self.way.pass(&mut cleaned)?;
        Ok(cleaned.identity)
    }

    fn failed(&mut self, sent: Option<&Identity>, fault: &Unpassed) {
        self.counts.refused(fault.code());
        self.answer.failed(sent, fault);
    }
}

const BUFFER_BYTES: usize = 256 << 10;
