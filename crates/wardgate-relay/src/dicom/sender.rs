//! The SCU: stores objects at another application entity.

use std::io;
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

use dicom_ul::association::CloseSocket;
use dicom_ul::association::client::{ClientAssociation, ClientAssociationOptions, TlsStream};
use dicom_ul::pdu::{
    PDataValue, PDataValueType, Pdu, PresentationContextNegotiated, PresentationContextResultReason,
};

use super::command::{ANSWER, Command, STORE};
use crate::fault::Unpassed;
use crate::object::Cleaned;

/// An application entity that receives objects by C-STORE.
#[derive(Clone, Debug)]
pub struct Entity {
    /// `host:port`.
    pub address: String,
    /// The title that it is called by.
    pub called_title: String,
    /// The title that the relay gives as its own.
    pub calling_title: String,
    /// The client's side of TLS, where the entity speaks it.
    pub tls: Option<Arc<rustls::ClientConfig>>,
    /// For how long it may be silent.
    pub answer_timeout: Duration,
}

/// The association with an entity, made when the first object is there.
pub(crate) struct Sender {
    entity: Entity,
    /// Classes and syntaxes that were or will be sent.
    contexts: Vec<(String, String)>,
    link: Option<Link>,
    messages: u16,
}

enum Link {
    Plain(ClientAssociation<TcpStream>),
    Secured(Box<ClientAssociation<TlsStream>>),
}

impl Sender {
    pub(crate) fn new(entity: Entity, contexts: Vec<(String, String)>) -> Self {
        Self {
            entity,
            contexts,
            link: None,
            messages: 0,
        }
    }

    /// Stores an object, over a new association when the old one has ended.
    pub(crate) fn send(&mut self, object: &mut Cleaned) -> Result<(), Unpassed> {
        let had_link = self.link.is_some();
        match self.attempt(object) {
            Err(Unpassed::Unreachable) if had_link => {
                self.link = None;
                self.attempt(object)
            }
            done => done,
        }
    }

    /// Releases the association.
    pub(crate) fn end(self) {
        let released = match self.link {
            Some(Link::Plain(link)) => link.release(),
            Some(Link::Secured(link)) => link.release(),
            None => Ok(()),
        };
        if released.is_err() {
            tracing::debug!("the receiver did not answer a release");
        }
    }

    fn attempt(&mut self, object: &mut Cleaned) -> Result<(), Unpassed> {
        let wanted = (
            object.identity.class.clone(),
            object.identity.syntax.clone(),
        );
        let context = match self.context(&wanted) {
            Some(context) => context,
            None => {
                self.connect(&wanted)?;
                self.context(&wanted).ok_or(Unpassed::Refused)?
            }
        };
        self.messages = self.messages.wrapping_add(1).max(1);
        let request = Command {
            field: STORE,
            message_id: self.messages,
            sop_class: object.identity.class.clone(),
            sop_instance: object.identity.instance.clone(),
            has_data: true,
            ..Command::default()
        };
        let stored = match &mut self.link {
            Some(Link::Plain(link)) => store(link, context, &request, object),
            Some(Link::Secured(link)) => store(link.as_mut(), context, &request, object),
            None => return Err(Unpassed::Unreachable),
        };
        let status = match stored {
            Ok(status) => status,
            Err(Broken::Link) => {
                self.link = None;
                return Err(Unpassed::Unreachable);
            }
            Err(Broken::Object(fault)) => {
                // The object was sent by half, so nothing else may follow it.
                self.link = None;
                return Err(fault);
            }
        };
        match status {
            // Warnings tell of a stored object (PS3.4, table B.2-1).
            0x0000 | 0xb000..=0xbfff => Ok(()),
            0xa700..=0xa7ff => Err(Unpassed::Unreachable),
            status => {
                tracing::warn!(
                    status = format!("{status:04x}"),
                    "the receiver refuses an object"
                );
                Err(Unpassed::Refused)
            }
        }
    }

    /// The presentation context for a class and syntax, where the association has one.
    fn context(&self, (class, syntax): &(String, String)) -> Option<u8> {
        let contexts = match self.link.as_ref()? {
            Link::Plain(link) => link.presentation_contexts(),
            Link::Secured(link) => link.presentation_contexts(),
        };
        let fits = |context: &&PresentationContextNegotiated| {
            context.reason == PresentationContextResultReason::Acceptance
                && context.abstract_syntax == *class
                && context.transfer_syntax == *syntax
        };
        contexts.iter().find(fits).map(|context| context.id)
    }

    fn connect(&mut self, wanted: &(String, String)) -> Result<(), Unpassed> {
        if let Some(link) = self.link.take() {
            Self {
                link: Some(link),
                ..Self::new(self.entity.clone(), Vec::new())
            }
            .end();
        }
        self.contexts.retain(|context| context != wanted);
        self.contexts.insert(0, wanted.clone());
        self.contexts.truncate(CONTEXTS_MAX);
        let mut options = ClientAssociationOptions::new()
            .calling_ae_title(self.entity.calling_title.as_str())
            .called_ae_title(self.entity.called_title.as_str())
            .read_timeout(self.entity.answer_timeout)
            .write_timeout(self.entity.answer_timeout)
            .connection_timeout(CONNECT_TIMEOUT)
            .max_pdu_length(PDU_BYTES_MAX);
        for (class, syntax) in &self.contexts {
            options = options.with_presentation_context(class.clone(), vec![syntax.clone()]);
        }
        let host = self
            .entity
            .address
            .rsplit_once(':')
            .map_or("", |(host, _)| host);
        let addresses = self.entity.address.to_socket_addrs().map_err(unreachable)?;
        let addresses: Vec<_> = addresses.collect();
        let linked = match &self.entity.tls {
            None => options.establish(addresses.as_slice()).map(Link::Plain),
            Some(config) => {
                let options = options
                    .tls_config(Arc::clone(config))
                    .server_name(host.trim_matches(['[', ']']));
                let linked = options.establish_tls(addresses.as_slice());
                linked.map(|link| Link::Secured(Box::new(link)))
            }
        };
        match linked {
            Ok(link) => {
                self.link = Some(link);
                Ok(())
            }
            Err(dicom_ul::association::Error::NoAcceptedPresentationContexts { .. }) => {
                Err(Unpassed::Refused)
            }
            Err(_) => {
                tracing::warn!("the receiver does not take an association");
                Err(Unpassed::Unreachable)
            }
        }
    }
}

/// What broke off.
enum Broken {
    Link,
    Object(Unpassed),
}

/// Sends an object and gives the status of the answer.
fn store<S>(
    link: &mut ClientAssociation<S>,
    context: u8,
    request: &Command,
    object: &mut Cleaned,
) -> Result<u16, Broken>
where
    S: io::Read + io::Write + CloseSocket,
{
    let command = Pdu::PData {
        data: vec![PDataValue {
            presentation_context_id: context,
            value_type: PDataValueType::Command,
            is_last: true,
            data: request.write(),
        }],
    };
    link.send(&command).map_err(|_| Broken::Link)?;
    let data = object.data_set().map_err(Broken::Object)?;
    let mut writer = link.send_pdata(context);
    if io::copy(data, &mut writer).is_err() {
        writer.abandon();
        return Err(Broken::Link);
    }
    writer.finish().map_err(|_| Broken::Link)?;
    let mut bytes = Vec::new();
    loop {
        let Ok(Pdu::PData { data }) = link.receive() else {
            return Err(Broken::Link);
        };
        for value in data {
            if value.value_type != PDataValueType::Command || bytes.len() > COMMAND_BYTES_MAX {
                return Err(Broken::Link);
            }
            bytes.extend_from_slice(&value.data);
            if value.is_last {
                let answer = Command::read(&bytes).ok_or(Broken::Link)?;
                let fits =
                    answer.field == STORE | ANSWER && answer.message_id == request.message_id;
                return if fits {
                    Ok(answer.status)
                } else {
                    Err(Broken::Link)
                };
            }
        }
    }
}

fn unreachable(error: io::Error) -> Unpassed {
    tracing::warn!(kind = %error.kind(), "the receiver's address is not known");
    Unpassed::Unreachable
}

/// Ids of presentation contexts are the odd numbers of a byte.
const CONTEXTS_MAX: usize = 128;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
pub(super) const COMMAND_BYTES_MAX: usize = 64 << 10;
pub(super) const PDU_BYTES_MAX: u32 = 128 << 10;
