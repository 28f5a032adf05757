//! An example hospital behind the real gate: scripted calls, what was stated about each, and what
//! happened. Only the people and the model are not real.

mod client;
mod hospital;
mod model;
mod place;
mod progress;
mod script;
mod show;
mod stage;

use std::net::SocketAddr;
use std::path::PathBuf;

use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};
use wardgate_records::{Documents, Mode};

use self::client::Client;
use self::hospital::Hospital;
use self::model::Model;
use self::place::Place;
use self::progress::Progress;
use self::stage::{Key, Stage};
use crate::commands::{apply, init, key};
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::output::Output;
use crate::wiring::{self, Records, RunningNode};

/// What the demo is asked to do.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Kept; without one, a temporary directory that is removed at the end.
    pub(crate) dir: Option<PathBuf>,
    /// End after the scripted calls.
    pub(crate) exit: bool,
    pub(crate) listen: SocketAddr,
    pub(crate) console: SocketAddr,
}

/// Runs the demo. Returns whether every call went as stated.
pub(crate) fn run(options: &Options, output: Output) -> Result<bool, Failure> {
    let place = Place::choose(options)?;
    wiring::control_runtime()?.block_on(play(options, &place, output))
}

async fn play(options: &Options, place: &Place, output: Output) -> Result<bool, Failure> {
    let progress = Progress::new(output, script::SCENES);
    let model = Model::start()?;
    let hospital = Hospital::on(wiring::now(), &model.url())?;
    let (dir, keys, enrolment_link) = set_up(place, &hospital, &progress).await?;
    progress.phase("starting the gate");
    let node = RunningNode::start(Records::open(dir.clone()).await?).await?;
    let client = Client::new(node.gate_address(), &dir.ca_certificate())?;
    let mut stage = Stage {
        dir: &dir,
        node: &node,
        model: &model,
        hospital: &hospital,
        client,
        keys: &keys,
        enrolment_link: &enrolment_link,
        progress: &progress,
        scenes: Vec::new(),
        sides: None,
    };
    tokio::select! {
        played = script::play(&mut stage) => played?,
        _ = tokio::signal::ctrl_c() => {
            return Err(Failure::new("interrupted", "run `wardgate demo` again"));
        }
    }
    progress.end();
    let as_stated = stage.scenes.iter().all(|scene| scene.as_stated);
    show::write_facts(&stage)?;
    show::show(&stage, options, place, output);
    if options.exit {
        node.stop().await?;
    } else {
        wiring::serve_until_asked_to_stop(node, wiring::asked_to_stop()?).await?;
    }
    Ok(as_stated)
}

/// A data directory with the hospital in it, and keys for its applications.
async fn set_up(
    place: &Place,
    hospital: &Hospital,
    progress: &Progress,
) -> Result<(DataDir, Vec<Key>, SecretString), Failure> {
    progress.phase(&format!("setting up {}", place.root().display()));
    let choices = init::Choices {
        name: NODE.to_owned(),
        environment: "demo",
        listen: place.gate(),
        console: place.console(),
        ..init::Choices::default()
    };
    let made = init::set_up(place.root(), &choices, wiring::now()).await?;
    let (dir, enrolment_link) = (made.dir, made.enrolment_link);
    progress.phase("declaring the hospital: 3 apps, 5 staff, 25 patients, 3 vendors, 6 systems");
    let files = hospital.write(&dir.root().join("hospital"))?;
    apply::apply(dir.clone(), &Documents::read(&files), Mode::Commit).await?;
    let expires = wiring::now()
        .checked_add(SignedDuration::from_hours(KEY_HOURS))
        .map_err(|_| Failure::new("the clock is out of range", "set the clock"))?;
    let wanted: Vec<_> = KEYS
        .iter()
        .map(|(_, app, person)| key::Wanted {
            app,
            person: *person,
            systems: &[],
            purposes: &[],
            expires,
        })
        .collect();
    let made = key::create(dir.clone(), &wanted).await?;
    let keys = KEYS
        .iter()
        .zip(made)
        .map(|((name, app, person), made)| Key {
            name,
            app,
            person: *person,
            key: made.secret.expose_secret().to_owned(),
        })
        .collect();
    Ok((dir, keys, enrolment_link))
}

const NODE: &str = "larkmoor.example/wardgate/demo";
const KEY_HOURS: i64 = 7 * 24;
/// Name of the key, application, person.
const KEYS: [(&str, &str, Option<&str>); 6] = [
    ("osei", "ehr-assistant", Some("dr.osei")),
    ("lindqvist", "ehr-assistant", Some("nurse.lindqvist")),
    ("marchetti", "ehr-assistant", Some("dr.marchetti")),
    ("tanaka", "ehr-assistant", Some("dr.tanaka")),
    ("haddad", "research-workbench", Some("dr.haddad")),
    ("bot", "scheduling-bot", None),
];
