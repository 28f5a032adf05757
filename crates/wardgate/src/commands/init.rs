//! `wardgate init`: sets up a data directory, whole or not at all.

mod key_provider;

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use wardgate_ledger::{Ledger, Options};
use wardgate_records::people::{ADMINISTRATOR, LINK_HOURS, LinkPurpose};
use wardgate_records::{Documents, Mode, PayloadStore, Store};
use wardgate_vault::age::{Identity, Recipient};
use wardgate_vault::{KeyProvider, Recovery, Vault, VaultError};
use zeroize::Zeroizing;

use super::Ended;
use crate::certificates;
use crate::config::NODE_NAME_DEFAULT;
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::output::Output;
use crate::wiring;
pub(crate) use key_provider::VaultSections;

/// Set up a data directory: configuration, keys, store, ledger and development certificates
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    /// Directory to make; it must not exist, or be empty
    #[arg(long, value_name = "DIR", default_value = "wardgate-data")]
    dir: PathBuf,

    /// Name of this node and origin of its ledger; it can not change later
    #[arg(long, value_name = "NAME", default_value = NODE_NAME_DEFAULT)]
    name: String,

    /// Passphrase file to use (mode 0600) instead of a new random one inside the directory
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,

    /// File with the configuration sections `vault` and of its key provider, instead of a passphrase
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_file")]
    vault_config: Option<PathBuf>,

    /// Policy that names witnesses and quorum (c2sp.org/tlog-policy) [default: no witness]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,

    /// Address of the gate
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8443")]
    listen: std::net::SocketAddr,

    /// Address of the console
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8444")]
    console: std::net::SocketAddr,

    /// Id of the first administrator, who enrols by a one-time link
    #[arg(long, value_name = "PERSON", default_value = ADMIN_DEFAULT)]
    admin: String,

    /// Serve plain HTTP; for loopback addresses only
    #[arg(long)]
    plain_http: bool,

    /// Who can recover the vault when its key provider is lost, as an age recipient; repeatable.
    /// Without it, a new identity is written into the directory, to be taken offline
    #[arg(long, value_name = "RECIPIENT")]
    recovery_recipient: Vec<Recipient>,
}

/// What stands in a new configuration file.
#[derive(Debug, Clone)]
pub(crate) struct Choices {
    pub(crate) name: String,
    pub(crate) environment: &'static str,
    pub(crate) passphrase_file: PathBuf,
    /// A key provider other than the passphrase file.
    pub(crate) vault: Option<VaultSections>,
    /// The lines of the policy beside those of our own keys.
    pub(crate) policy: String,
    pub(crate) listen: std::net::SocketAddr,
    pub(crate) console: std::net::SocketAddr,
    pub(crate) plain_http: bool,
    /// The first administrator.
    pub(crate) admin: String,
    /// Empty: a new identity is made.
    pub(crate) recovery: Vec<Recipient>,
}

impl Default for Choices {
    fn default() -> Self {
        let loopback = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
        Self {
            name: NODE_NAME_DEFAULT.to_owned(),
            environment: "live",
            passphrase_file: PathBuf::from(PASSPHRASE_FILE),
            vault: None,
            policy: "quorum none\n".to_owned(),
            listen: loopback(8443),
            console: loopback(8444),
            plain_http: false,
            admin: ADMIN_DEFAULT.to_owned(),
            recovery: Vec::new(),
        }
    }
}

/// What was set up.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) dir: DataDir,
    /// The public key that verifies the ledger with every verifier; the second is in the key file.
    pub(crate) ledger_key: String,
    /// Where the first administrator enrols, once.
    pub(crate) enrolment_link: SecretString,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let given = match &arguments.passphrase_file {
        None => None,
        Some(path) => Some(absolute(path)?),
    };
    let vault = match &arguments.vault_config {
        None => None,
        Some(file) => Some(key_provider::read(file, &absolute(&arguments.dir)?)?),
    };
    let otherwise = Choices::default();
    let policy = match &arguments.policy {
        None => otherwise.policy.clone(),
        Some(path) => {
            fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))?
        }
    };
    let choices = Choices {
        name: arguments.name.clone(),
        vault,
        policy,
        listen: arguments.listen,
        console: arguments.console,
        plain_http: arguments.plain_http,
        admin: arguments.admin.clone(),
        recovery: arguments.recovery_recipient.clone(),
        passphrase_file: given.unwrap_or_else(|| PathBuf::from(PASSPHRASE_FILE)),
        ..otherwise
    };
    let now = wiring::now();
    let made = wiring::control_runtime()?.block_on(set_up(&arguments.dir, &choices, now))?;
    let dir = &made.dir;
    let value = serde_json::json!({
        "dir": dir.root(),
        "config": dir.config_file(),
        "ca_certificate": dir.ca_certificate(),
        "ledger_key": made.ledger_key,
        "ledger_key_file": dir.ledger_key(),
        "admin": arguments.admin,
        "enrolment_link": made.enrolment_link.expose_secret(),
    });
    output.value(&value, || text(&made, arguments));
    Ok(Ended::Well)
}

/// Makes everything in a sibling directory and puts it in place as the last step.
pub(crate) async fn set_up(
    root: &Path,
    choices: &Choices,
    now: Timestamp,
) -> Result<Made, Failure> {
    let root = absolute(root)?;
    refuse_directory_in_use(&root)?;
    let parent = root.parent().unwrap_or(&root);
    fs::create_dir_all(parent).map_err(|error| Failure::file("make", parent, &error))?;
    let unique: [u8; 6] = wardgate_vault::random();
    let suffix: String = unique.iter().map(|byte| format!("{byte:02x}")).collect();
    let name = root.file_name().unwrap_or_default().to_string_lossy();
    let building = Building(parent.join(format!(".{name}.new-{suffix}")));
    let (ledger_key, enrolment_link) = fill(&DataDir::at(&building.0), choices, now).await?;
    put_in_place(&building.0, &root)?;
    Ok(Made {
        dir: DataDir::at(&root),
        ledger_key,
        enrolment_link,
    })
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| Failure::file("find", path, &error))
}

/// The directory that is being built; gone with everything in it unless it was put in place.
struct Building(PathBuf);

impl Drop for Building {
    fn drop(&mut self) {
        // It is not there any more when all went well.
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn fill(
    dir: &DataDir,
    choices: &Choices,
    now: Timestamp,
) -> Result<(String, SecretString), Failure> {
    for path in [dir.root(), &dir.vault(), &dir.store(), &dir.tls()] {
        make_private_dir(path)?;
    }
    let provider = provider(dir, choices)?;
    let vault = Vault::init(&dir.vault(), provider, &recovery(dir, choices)?)?;

    let signer = wiring::ledger_signer(&vault, &choices.name)?;
    let ledger_key = signer.vkey();
    let ledger_keys = signer.vkeys();
    let options = wiring::with_clock(Options::default());
    let mut policy: String = signer
        .verifier_keys()
        .map(|key| format!("log {key}\n"))
        .collect();
    policy.push_str(&choices.policy);
    Ledger::create(&dir.ledger(), signer, &options)?.close()?;
    write_public(&dir.ledger().join("policy"), policy.as_bytes())?;
    wiring::anchors::policy(&dir.ledger().join("policy"))?;
    write_public(&dir.ledger_key(), ledger_keys.as_bytes())?;
    let vault = Arc::new(vault);
    PayloadStore::create(&dir.payloads(), vault.clone())?.close();
    let store = Store::create(&dir.store(), vault, now).await?;
    let enrolment_link = first_administrator(&store, choices, now).await?;
    store.close().await;

    let development = certificates::development(now)?;
    write_public(&dir.ca_certificate(), development.ca.as_bytes())?;
    write_public(
        &dir.tls().join("server.pem"),
        development.certificate.as_bytes(),
    )?;
    write_private(
        &dir.tls().join("server.key"),
        development.private_key.as_bytes(),
    )?;
    write_private(&dir.config_file(), config_text(choices).as_bytes())?;
    Ok((ledger_key, enrolment_link))
}

/// Puts the first administrator on file, and makes the link that they enrol by. Nobody has a
/// password from the start.
async fn first_administrator(
    store: &Store,
    choices: &Choices,
    now: Timestamp,
) -> Result<SecretString, Failure> {
    let admin = &choices.admin;
    // A word in quotes: whatever was typed is an id or a fault, never more of the document.
    let quoted = serde_json::to_string(admin).unwrap_or_default();
    let document = format!("kind: Person\nid: {quoted}\nroles: [{ADMINISTRATOR}]\n");
    let documents = Documents::of_text(Path::new("admin.yaml"), &document);
    store
        .apply(&documents, Mode::Commit, now)
        .await
        .map_err(|_| {
            Failure::new(
                format!("`{admin}` can not be the id of a person"),
                "use letters, digits, dots and hyphens, such as `a.mensah`",
            )
        })?;
    let purpose = LinkPurpose::Enrol;
    let token = store.issue_link(admin, purpose, None, now).await?;
    let link = format!("{}/enrol/{}", origin(choices), token.expose_secret());
    Ok(SecretString::from(link))
}

/// The address at which a browser on this machine reaches the console.
fn origin(choices: &Choices) -> String {
    let scheme = if choices.plain_http { "http" } else { "https" };
    format!("{scheme}://localhost:{}", choices.console.port())
}

/// Who wraps the root key. A passphrase and the key on a token are made when there is none.
fn provider(dir: &DataDir, choices: &Choices) -> Result<Arc<dyn KeyProvider>, Failure> {
    if let Some(vault) = &choices.vault {
        wiring::provider::make_key(&vault.provider)?;
        return wiring::provider::key_provider(&vault.provider);
    }
    let file = dir.root().join(&choices.passphrase_file);
    if choices.passphrase_file == Path::new(PASSPHRASE_FILE) {
        write_private(&file, new_passphrase().as_bytes())?;
    }
    wiring::provider::passphrase_provider(&file)
}

/// For whom the root key is wrapped. The identity of a new recipient is written into the
/// directory: only a person can take it offline.
fn recovery(dir: &DataDir, choices: &Choices) -> Result<Recovery, Failure> {
    if !choices.recovery.is_empty() {
        return Ok(Recovery::to(choices.recovery.clone()));
    }
    let identity = Identity::generate().map_err(VaultError::from)?;
    let recipient = identity.recipient().clone();
    let text = Zeroizing::new(format!(
        "# Recovers the vault of this directory. Take this file offline, then delete it here.\n\
         # public key: {recipient}\n{}\n",
        identity.to_text().expose_secret()
    ));
    let file = dir.root().join(RECOVERY_IDENTITY_FILE);
    write_private(&file, text.as_bytes())?;
    Ok(Recovery::to(vec![recipient]))
}

/// The text of a new configuration file: what differs from the defaults, with comments.
pub(crate) fn config_text(choices: &Choices) -> String {
    let vault = vault_text(choices);
    format!(
        "# Configuration of this Wardgate node. Every setting and its default: `wardgate reference DIR`.
# Paths are relative to this file. Unknown settings are refused.

node:
  # Name of the node and origin of its ledger. It never changes once the ledger has begun.
  name: \"{name}\"
  # What new API keys name in their text.
  environment: {environment}

{vault}
gate:
  listen: \"{listen}\"
  # Plain HTTP is possible on loopback addresses only.
  plain_http: {plain_http}
  # Development certificate for localhost. Put your own files here for anything else.
  certificate: tls/server.pem
  private_key: tls/server.key

console:
  listen: \"{console}\"
  plain_http: {plain_http}
  # Address at which browsers reach the console. Passkeys are bound to its host name.
  origin: \"{origin}\"

log:
  format: text
  level: info
",
        name = choices.name,
        environment = choices.environment,
        listen = choices.listen,
        console = choices.console,
        origin = origin(choices),
        plain_http = choices.plain_http,
    )
}

fn vault_text(choices: &Choices) -> String {
    if let Some(vault) = &choices.vault {
        return vault.text.clone();
    }
    // A path may hold anything; a name and an address can not.
    let passphrase = choices.passphrase_file.display().to_string();
    let passphrase = serde_json::to_string(&passphrase).unwrap_or_default();
    format!(
        "vault:
  # Its first line opens the vault. Without it, nothing in this directory can be read.
  # Keep a copy elsewhere, and better keep the file itself outside this directory.
  passphrase_file: {passphrase}
"
    )
}

fn refuse_directory_in_use(root: &Path) -> Result<(), Failure> {
    let in_use = match fs::read_dir(root) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(Failure::file("read", root, &error)),
    };
    if in_use {
        return Err(Failure::new(
            format!("`{}` is in use", root.display()),
            "choose a directory that does not exist yet; nothing is ever overwritten",
        ));
    }
    Ok(())
}

/// An empty directory gives way; one that filled up meanwhile does not.
fn put_in_place(built: &Path, root: &Path) -> Result<(), Failure> {
    let placed = fs::rename(built, root)
        .and_then(|()| fs::File::open(root.parent().unwrap_or(root))?.sync_all());
    placed.map_err(|error| Failure::file("make", root, &error))
}

fn make_private_dir(path: &Path) -> Result<(), Failure> {
    DirBuilder::new()
        .mode(0o700)
        .create(path)
        .map_err(|error| Failure::file("make", path, &error))
}

fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_new(path, bytes, 0o600)
}

fn write_public(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_new(path, bytes, 0o644)
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    let opened = options.write(true).create_new(true).mode(mode).open(path);
    let written = opened.and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(|error| Failure::file("write", path, &error))
}

/// 256 random bits as text.
fn new_passphrase() -> Zeroizing<String> {
    let random = Zeroizing::new(wardgate_vault::random::<32>());
    let mut text = Zeroizing::new(String::with_capacity(65));
    for byte in random.iter() {
        text.push_str(&format!("{byte:02x}"));
    }
    text.push('\n');
    text
}

fn text(made: &Made, arguments: &Arguments) -> String {
    let dir = made.dir.root().display();
    let key = match (&arguments.vault_config, &arguments.passphrase_file) {
        (Some(file), _) => format!(
            "key provider     as {} names it (without its key the data is lost)",
            file.display()
        ),
        (None, given) => {
            let own = || made.dir.root().join(PASSPHRASE_FILE);
            let file = given.clone().unwrap_or_else(own);
            format!(
                "passphrase       {} (keep a copy elsewhere: without it the data is lost)",
                file.display()
            )
        }
    };
    let recovery = if arguments.recovery_recipient.is_empty() {
        let file = made.dir.root().join(RECOVERY_IDENTITY_FILE);
        format!(
            "{} (take it offline: it opens the vault when the provider is lost)",
            file.display()
        )
    } else {
        "the recipients named".to_owned()
    };
    format!(
        "Set up {dir}
  configuration    {config}
  {key}
  recovery         {recovery}
  CA certificate   {ca} (for clients)
  ledger keys      {keys} (for auditors; the first is {ledger_key})
  administrator    {admin} (enrols once, within {LINK_HOURS} hours, while the server runs, at
                   {link} )

Next:
  wardgate apply --dir {dir} -f hospital/
  wardgate key create --dir {dir} --app APP --expires 90d
  wardgate serve --dir {dir}
  wardgate admin link PERSON --dir {dir}    (a second administrator: one alone may not change much)",
        config = made.dir.config_file().display(),
        ca = made.dir.ca_certificate().display(),
        keys = made.dir.ledger_key().display(),
        ledger_key = made.ledger_key,
        admin = arguments.admin,
        link = made.enrolment_link.expose_secret(),
    )
}

const ADMIN_DEFAULT: &str = "admin";
const PASSPHRASE_FILE: &str = "passphrase";
/// The identity that recovers the vault, until a person takes it offline.
pub(crate) const RECOVERY_IDENTITY_FILE: &str = "recovery-identity";

const AFTER_HELP: &str =
    "Nothing is left behind when a step fails, and a directory in use is never touched.

Exit codes: 0 set up, 1 failed, 2 wrong use.

Example:
  wardgate init --dir /var/lib/wardgate --name hospital.example/wardgate/node-1";
