//! The SCP: one association, from its request to its end.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dicom_ul::association::CloseSocket;
use dicom_ul::association::server::{AccessControl, ServerAssociation, ServerAssociationOptions};
use dicom_ul::pdu::{
    AssociationRJServiceUserReason, PDataValue, PDataValueType, Pdu, PresentationContextNegotiated,
    PresentationContextResultReason, UserIdentity,
};
use wardgate_deid::RecordFault;

use super::Options;
use super::command::{ANSWER, CANCEL, Command, ECHO, STORE};
use super::sender::{COMMAND_BYTES_MAX, PDU_BYTES_MAX};
use crate::counts::Counts;
use crate::door::Listen;
use crate::fault::Unpassed;
use crate::object::{Cleaned, Way, file_head, storage};

/// Serves an association. Blocks the thread.
///
/// `is_busy` tells others whether an object is under way.
pub(super) fn serve(
    stream: TcpStream,
    listen: &Listen,
    options: &Options,
    counts: &Counts,
    is_busy: &AtomicBool,
) {
    let callers = Callers {
        own_title: options.title.clone(),
        allowed: options.callers.clone(),
    };
    let negotiation = ServerAssociationOptions::new()
        .ae_access_control(callers)
        .ae_title(options.title.as_deref().unwrap_or("WARDGATE"))
        // Any class may come: what is not an object that can be de-identified is refused one by one.
        .promiscuous(true)
        .max_pdu_length(PDU_BYTES_MAX)
        .read_timeout(listen.idle_timeout)
        .write_timeout(listen.idle_timeout);
    let parting = stream.try_clone();
    let established = match &listen.tls {
        None => negotiation.establish(stream).map(|association| {
            Conversation::new(&association, options, counts, is_busy).hold(association);
        }),
        Some(config) => {
            let negotiation = negotiation.tls_config(Arc::clone(config));
            negotiation.establish_tls(stream).map(|association| {
                Conversation::new(&association, options, counts, is_busy).hold(association);
            })
        }
    };
    if established.is_err() {
        // The fault's own text may hold what the peer sent.
        tracing::warn!("an association was not made");
        if let Ok(stream) = parting {
            part(&stream);
        }
    }
}

/// Lets a peer that was turned away read why and hang up itself, as PS3.8 has it; not for long.
fn part(mut stream: &TcpStream) {
    if stream.set_read_timeout(Some(PARTING_TIMEOUT)).is_err() {
        return;
    }
    let mut rest = [0; 512];
    for _ in 0..PARTING_READS_MAX {
        match stream.read(&mut rest) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

/// Who may call.
struct Callers {
    own_title: Option<String>,
    allowed: Vec<String>,
}

impl AccessControl for Callers {
    fn check_access(
        &self,
        _own: &str,
        calling: &str,
        called: &str,
        _identity: Option<&UserIdentity>,
    ) -> Result<(), AssociationRJServiceUserReason> {
        let same = |title: &String, other: &str| title.trim() == other.trim();
        if self
            .own_title
            .as_ref()
            .is_some_and(|title| !same(title, called))
        {
            return Err(AssociationRJServiceUserReason::CalledAETitleNotRecognized);
        }
        let is_allowed = self.allowed.iter().any(|title| same(title, calling));
        match self.allowed.is_empty() || is_allowed {
            true => Ok(()),
            false => Err(AssociationRJServiceUserReason::CallingAETitleNotRecognized),
        }
    }
}

/// What is said within an association.
struct Conversation<'o> {
    options: &'o Options,
    counts: &'o Counts,
    is_busy: &'o AtomicBool,
    contexts: Vec<PresentationContextNegotiated>,
    way: Way,
    command: Vec<u8>,
    /// The request whose data set is on its way.
    waiting: Option<Waiting>,
}

/// An object that is being received.
struct Waiting {
    request: Command,
    context: u8,
    /// The file that it goes to, or why it is not kept.
    file: Result<BufWriter<File>, Unpassed>,
    bytes: u64,
}

/// Why an association ends before it is released.
struct Abort(&'static str);

impl<'o> Conversation<'o> {
    fn new<S>(
        association: &ServerAssociation<S>,
        options: &'o Options,
        counts: &'o Counts,
        is_busy: &'o AtomicBool,
    ) -> Self
    where
        S: Read + Write + CloseSocket,
    {
        let contexts = association.presentation_contexts().to_vec();
        let accepted = contexts
            .iter()
            .filter(|context| context.reason == PresentationContextResultReason::Acceptance)
            .filter(|context| context.abstract_syntax != VERIFICATION)
            .map(|context| {
                (
                    context.abstract_syntax.clone(),
                    context.transfer_syntax.clone(),
                )
            });
        Self {
            options,
            counts,
            is_busy,
            way: Way::new(&options.objects.downstream, accepted.collect()),
            contexts,
            command: Vec::new(),
            waiting: None,
        }
    }

    fn hold<S>(mut self, mut association: ServerAssociation<S>)
    where
        S: Read + Write + CloseSocket,
    {
        loop {
            let done = match association.receive() {
                Ok(Pdu::PData { data }) => {
                    let mut values = data.into_iter();
                    values.try_for_each(|value| self.value(value, &mut association))
                }
                Ok(Pdu::ReleaseRQ) => {
                    if association.send(&Pdu::ReleaseRP).is_err() {
                        tracing::debug!("the peer left before its release was answered");
                    }
                    break;
                }
                Ok(Pdu::AbortRQ { .. }) => break,
                Ok(_) => Err(Abort("dicom.unexpected_pdu")),
                Err(_) => break,
            };
            if let Err(Abort(code)) = done {
                self.counts.received();
                self.counts.refused(code);
                self.waiting = None;
                if association.abort().is_err() {
                    tracing::debug!("the peer left before it was told of the end");
                }
                break;
            }
        }
        if self.waiting.take().is_some() {
            self.counts.received();
            self.counts.refused("relay.object_unfinished");
        }
        self.way.end();
    }

    fn value<S>(
        &mut self,
        value: PDataValue,
        association: &mut ServerAssociation<S>,
    ) -> Result<(), Abort>
    where
        S: Read + Write + CloseSocket,
    {
        match value.value_type {
            PDataValueType::Command => {
                if self.waiting.is_some()
                    || self.command.len() + value.data.len() > COMMAND_BYTES_MAX
                {
                    return Err(Abort("dicom.unexpected_command"));
                }
                self.command.extend_from_slice(&value.data);
                if !value.is_last {
                    return Ok(());
                }
                let bytes = std::mem::take(&mut self.command);
                let command = Command::read(&bytes).ok_or(Abort("dicom.command_malformed"))?;
                self.command(command, value.presentation_context_id, association)
            }
            PDataValueType::Data => {
                let waiting = self
                    .waiting
                    .as_mut()
                    .ok_or(Abort("dicom.unexpected_data"))?;
                waiting.put(&value.data, self.options.objects.object_bytes_max)?;
                match value.is_last {
                    true => {
                        let stored = self.stored(association);
                        self.is_busy.store(false, Ordering::Release);
                        stored
                    }
                    false => Ok(()),
                }
            }
        }
    }

    fn command<S>(
        &mut self,
        command: Command,
        context: u8,
        association: &mut ServerAssociation<S>,
    ) -> Result<(), Abort>
    where
        S: Read + Write + CloseSocket,
    {
        match command.field {
            STORE if command.has_data => {
                let negotiated = self.context(context)?;
                let file = self.options.objects.place().and_then(|file| {
                    let mut file = BufWriter::with_capacity(BUFFER_BYTES, file);
                    let head = file_head(
                        &command.sop_class,
                        &command.sop_instance,
                        &negotiated.transfer_syntax,
                    );
                    file.write_all(&head).map_err(|error| storage(&error))?;
                    Ok(file)
                });
                self.is_busy.store(true, Ordering::Release);
                self.waiting = Some(Waiting {
                    request: command,
                    context,
                    file,
                    bytes: 0,
                });
                Ok(())
            }
            ECHO => reply(association, context, &command.answer(SUCCESS, "")),
            CANCEL => Ok(()),
            field if field & ANSWER != 0 => Err(Abort("dicom.unexpected_command")),
            _ if command.has_data => Err(Abort("dicom.unrecognized_operation")),
            _ => reply(
                association,
                context,
                &command.answer(UNRECOGNIZED_OPERATION, ""),
            ),
        }
    }

    fn context(&self, id: u8) -> Result<&PresentationContextNegotiated, Abort> {
        let mut contexts = self.contexts.iter();
        let context = contexts.find(|context| {
            context.id == id && context.reason == PresentationContextResultReason::Acceptance
        });
        context.ok_or(Abort("dicom.unknown_context"))
    }

    /// The object is there: de-identifies it, passes it on, answers.
    fn stored<S>(&mut self, association: &mut ServerAssociation<S>) -> Result<(), Abort>
    where
        S: Read + Write + CloseSocket,
    {
        let Some(waiting) = self.waiting.take() else {
            return Err(Abort("dicom.unexpected_data"));
        };
        self.counts.received();
        let class = self.context(waiting.context)?.abstract_syntax.clone();
        let passed = if class == waiting.request.sop_class {
            self.pass(waiting.file)
        } else {
            Err(Unpassed::Record(RecordFault::new(
                "dicom.class_mismatch",
                "the object is of another class than its presentation context",
                "send objects within a presentation context of their class",
            )))
        };
        let (status, comment) = match &passed {
            Ok(()) => {
                self.counts.passed();
                (SUCCESS, "")
            }
            Err(fault) => {
                self.counts.refused(fault.code());
                (status_of(fault), fault.code())
            }
        };
        let answer = waiting.request.answer(status, comment);
        reply(association, waiting.context, &answer)
    }

    fn pass(&mut self, file: Result<BufWriter<File>, Unpassed>) -> Result<(), Unpassed> {
        let file = file?.into_inner();
        let mut file = file.map_err(|error| storage(error.error()))?;
        let mut cleaned: Cleaned = self.options.objects.clean(&mut file)?;
        // What the sender sent is not needed any more.
        drop(file);
        self.way.pass(&mut cleaned)
    }
}

impl Waiting {
    fn put(&mut self, data: &[u8], bytes_max: u64) -> Result<(), Abort> {
        self.bytes = self.bytes.saturating_add(data.len() as u64);
        if self.bytes > bytes_max {
            return Err(Abort("relay.object_too_long"));
        }
        if let Ok(file) = &mut self.file
            && let Err(error) = file.write_all(data)
        {
            // The rest is still received, so that the sender can be told.
            self.file = Err(storage(&error));
        }
        Ok(())
    }
}

/// The status of a refusal (PS3.4, table B.2-1).
fn status_of(fault: &Unpassed) -> u16 {
    match fault {
        Unpassed::Record(fault) if fault.code() == "dicom.class_mismatch" => 0xa900,
        Unpassed::Record(_) => 0xc001,
        Unpassed::Residue => 0xc002,
        Unpassed::Refused => 0xc003,
        Unpassed::Unreachable | Unpassed::Storage => 0xa700,
    }
}

fn reply<S>(
    association: &mut ServerAssociation<S>,
    context: u8,
    answer: &Command,
) -> Result<(), Abort>
where
    S: Read + Write + CloseSocket,
{
    let pdu = Pdu::PData {
        data: vec![PDataValue {
            presentation_context_id: context,
            value_type: PDataValueType::Command,
            is_last: true,
            data: answer.write(),
        }],
    };
    association
        .send(&pdu)
        .map_err(|_| Abort("relay.sender_left"))
}

const SUCCESS: u16 = 0x0000;
const UNRECOGNIZED_OPERATION: u16 = 0x0211;
const VERIFICATION: &str = "1.2.840.10008.1.1";
const BUFFER_BYTES: usize = 256 << 10;
/// How long a peer that was turned away may take to hang up.
const PARTING_TIMEOUT: Duration = Duration::from_secs(1);
const PARTING_READS_MAX: usize = 16;
