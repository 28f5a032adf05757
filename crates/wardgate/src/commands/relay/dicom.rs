//! `wardgate relay dicom`: DICOM over DIMSE.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use wardgate_deid::RecordRules;
use wardgate_dicom::{FileDeidentifier, Options as FileOptions};
use wardgate_relay::Service;
use wardgate_relay::dicom::{Entity, OBJECT_BYTES_MAX, Objects, Options, Receiver};
use wardgate_relay::stow::Server;

use super::{RelayArguments, folder, serve, tls};
use crate::commands::Ended;
use crate::commands::deid::PixelArguments;
use crate::failure::Failure;
use crate::output::Output;

/// Receive DICOM objects by C-STORE and pass them on de-identified
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::commands) struct Arguments {
    #[command(flatten)]
    relay: RelayArguments,

    #[command(flatten)]
    objects: ObjectArguments,

    /// Title that senders must call [default: any]
    #[arg(long, value_name = "TITLE")]
    title: Option<String>,

    /// Title of a sender that may call; may be given several times [default: any]
    #[arg(long, value_name = "TITLE")]
    caller: Vec<String>,

    /// Listen in the clear beyond this machine too, on a network that is trusted
    #[arg(long)]
    plain: bool,
}

/// Where objects go, and where they lie meanwhile.
#[derive(Debug, Args)]
pub(super) struct ObjectArguments {
    /// Receiver of the objects: TITLE@HOST:PORT by C-STORE, or the address of a server's studies by STOW-RS
    #[arg(long, value_name = "RECEIVER", required_unless_present = "out")]
    to: Option<String>,

    /// Folder that receives the objects instead
    #[arg(long, value_name = "DIR", conflicts_with = "to")]
    out: Option<PathBuf>,

    /// Title that the relay gives as its own
    #[arg(long = "as", value_name = "TITLE", default_value = "WARDGATE")]
    own_title: String,

    /// File with the bearer token for the receiver
    #[arg(long, value_name = "FILE")]
    to_token: Option<PathBuf>,

    #[command(flatten)]
    towards: tls::ClientArguments,

    /// Folder in which objects lie, without names, while they are worked on [default: the system's]
    #[arg(long, value_name = "DIR")]
    work: Option<PathBuf>,

    /// Longest object that is taken, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = OBJECT_BYTES_MAX)]
    object_bytes: u64,

    #[command(flatten)]
    pixels: PixelArguments,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let options = Options {
        objects: arguments.objects.objects(arguments.relay.rules()?)?,
        title: arguments.title.clone(),
        callers: arguments.caller.clone(),
    };
    serve(
        arguments.relay.listen(arguments.plain)?,
        Service::Dicom(options),
        output,
    )
}

impl ObjectArguments {
    /// What is done with objects under these rules.
    pub(super) fn objects(&self, rules: Arc<RecordRules>) -> Result<Objects, Failure> {
        let mut options = FileOptions::of(rules.profile());
        options.burned_in = self.pixels.burned_in();
        let files = FileDeidentifier::new(rules, options).with_devices(self.pixels.devices()?);
        Ok(Objects {
            deidentifier: Arc::new(files),
            downstream: self.receiver()?,
            work: self.work.clone().unwrap_or_else(std::env::temp_dir),
            object_bytes_max: self.object_bytes,
        })
    }

    fn receiver(&self) -> Result<Receiver, Failure> {
        let to = match (&self.out, &self.to) {
            (Some(out), _) => return Ok(Receiver::Folder(folder(out)?)),
            (None, Some(to)) => to,
            (None, None) => return Err(Failure::new("no receiver is named", "give --to or --out")),
        };
        if to.starts_with("http://") || to.starts_with("https://") {
            let studies = to.parse().map_err(|_| {
                Failure::new(
                    format!("`{to}` is no address"),
                    "write https://HOST/PATH/studies",
                )
            })?;
            let tls = match to.starts_with("https://") {
                true => Some(self.towards.always()?),
                false => None,
            };
            let token = self.to_token.as_deref().map(token).transpose()?;
            return Ok(Receiver::Server(Server::new(&studies, tls, token)?));
        }
        let (title, address) = to.split_once('@').ok_or_else(|| {
            Failure::new(
                format!("`{to}` names no application entity"),
                "write TITLE@HOST:PORT",
            )
        })?;
        Ok(Receiver::Entity(Entity {
            address: address.to_owned(),
            called_title: title.to_owned(),
            calling_title: self.own_title.clone(),
            tls: self.towards.config()?,
            answer_timeout: ANSWER_TIMEOUT,
        }))
    }
}

/// A token from a file.
pub(super) fn token(path: &std::path::Path) -> Result<String, Failure> {
    let text =
        std::fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))?;
    let token = text.trim();
    let sound = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    match sound {
        true => Ok(token.to_owned()),
        false => Err(Failure::new(
            format!("`{}` holds no token", path.display()),
            "write the token alone into the file, in letters without blanks",
        )),
    }
}

const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);

const AFTER_HELP: &str =
    "A sender hears success only when the receiver has accepted the object, or when it lies durably in the folder.
Objects leave in the transfer syntax in which they came, unless --burned-in decode-and-blank decompressed them.

SIGTERM and SIGINT let the objects under way end. With --json, one line on standard output says where it
listens, and a last one what went through.

Exit codes: 0 stopped in order, 1 failed, 2 wrong use.

Example:
  wardgate relay dicom --listen 127.0.0.1:11112 --title RELAY --caller CT1 --to ARCHIVE@127.0.0.1:4242 --key project.key";
