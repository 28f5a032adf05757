//! `cargo xtask tagger`: trains the weights that `wardgate-deid` ships, and measures them.
//!
//! The recipe stands here. The same corpora and templates give the same weights, byte for byte.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};
use clap::{Args, Subcommand, ValueEnum};

use crate::process;
use crate::workspace::Workspace;

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: What,
    /// The folder of the gold corpora, as its README describes them
    #[arg(long, global = true, default_value = "../shared/corpora/deid-text")]
    corpora: PathBuf,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Train the weights that ship
    Train {
        /// Only this language
        #[arg(long, value_enum)]
        language: Option<Tongue>,
        /// Compare with the weights that are there instead of writing them
        #[arg(long)]
        check: bool,
    },
    /// Measure: English on the held-out writer, Spanish on the development texts of MEDDOCAN,
    /// trained on its training texts only
    Eval {
        /// Write what was missed or found wrongly into this folder
        #[arg(long)]
        errors: Option<PathBuf>,
    },
    /// Measure German: train on four fifths of GraSCCo and test on the last, five times
    CrossValidate,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Tongue {
    En,
    Es,
    De,
}

impl Tongue {
    const ALL: [Self; 3] = [Self::En, Self::Es, Self::De];

    fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Es => "es",
            Self::De => "de",
        }
    }

    /// How the weights of the language are trained, without the sources.
    fn settings(self) -> &'static [&'static str] {
        match self {
            Self::En => ENGLISH,
            Self::Es => SPANISH,
            Self::De => GERMAN,
        }
    }

    /// What they are trained on; names of files are those of the corpora.
    fn sources(self) -> &'static [&'static str] {
        match self {
            Self::En => ENGLISH_SOURCES,
            Self::Es => SPANISH_SOURCES,
            Self::De => GERMAN_SOURCES,
        }
    }
}

/// Builds the trainer and runs it.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let mut build = workspace.cargo();
    build.args(["build", "--quiet", "--profile", "demo", "--locked"]);
    process::quiet(build.args(["--package", "wardgate-trainer"]))?;
    match &options.what {
        What::Train { language, check } => {
            for tongue in language.map_or(Tongue::ALL.to_vec(), |tongue| vec![tongue]) {
                train(workspace, options, tongue, *check)?;
            }
            Ok(())
        }
        What::Eval { errors } => eval(workspace, options, errors.as_ref()),
        What::CrossValidate => {
            let mut trainer = trainer(workspace, "cross-validate", Tongue::De);
            trainer.args(GERMAN);
            process::loud(trainer.args(sources(options, GERMAN_SOURCES)))
        }
    }
}

fn train(workspace: &Workspace, options: &Options, tongue: Tongue, check: bool) -> Result<()> {
    let name = format!("{}.weights", tongue.code());
    let shipped = workspace.root.join(WEIGHTS).join(&name);
    let out = match check {
        true => workspace.target.join(&name),
        false => shipped.clone(),
    };
    let mut trainer = trainer(workspace, "train", tongue);
    trainer.args(tongue.settings()).arg("--out").arg(&out);
    process::loud(trainer.args(sources(options, tongue.sources())))?;
    if check {
        let same = std::fs::read(&out)? == std::fs::read(&shipped)?;
        ensure!(same, "`{name}` is not what training gives");
    }
    Ok(())
}

fn eval(workspace: &Workspace, options: &Options, errors: Option<&PathBuf>) -> Result<()> {
    for (name, tongue, source) in EVALUATED {
        println!("{name}:");
        let mut trainer = trainer(workspace, "eval", tongue);
        if let Some(folder) = errors {
            trainer
                .arg("--errors")
                .arg(folder.join(format!("{name}.tsv")));
        }
        process::loud(trainer.args(sources(options, &[source])))?;
    }
    Ok(())
}

fn trainer(workspace: &Workspace, command: &str, tongue: Tongue) -> Command {
    let mut trainer = Command::new(workspace.target.join("demo").join("wardgate-trainer"));
    trainer.current_dir(&workspace.root);
    trainer.args([command, "--language", tongue.code()]);
    trainer
}

fn sources(options: &Options, sources: &[&str]) -> Vec<PathBuf> {
    let place = |source: &&str| match source.ends_with(".jsonl") {
        true => options.corpora.join(source),
        false => PathBuf::from(source),
    };
    sources.iter().map(place).collect()
}

const WEIGHTS: &str = "crates/wardgate-deid/src/tagger";

const ENGLISH: &[&str] = &[
    "--epochs=5",
    "--missed=68",
    "--invented=40",
    "--confused=10",
    "--hide-names=40",
    "--hide-words=20",
    "--rename=35",
];
/// Every writer but the two that measure.
const ENGLISH_SOURCES: &[&str] = &[
    "notes:en:prompts_a,mix_b,chart_en@prompt,clean:11:28000:12",
    "notes:en:notes_a,mix_b,chart_en:12:20000:12",
    "presidio-synth.jsonl",
];
const SPANISH: &[&str] = &[
    "--epochs=8",
    "--missed=60",
    "--invented=30",
    "--confused=10",
];
const SPANISH_SOURCES: &[&str] = &[
    "meddocan-train.jsonl",
    "notes:es:informes_es,notes_es:5:600",
];
const GERMAN: &[&str] = &[
    "--epochs=8",
    "--missed=60",
    "--invented=30",
    "--confused=10",
];
const GERMAN_SOURCES: &[&str] = &["grascco-phi.jsonl", "notes:de:notes_de,briefe_de:3:800"];

const EVALUATED: [(&str, Tongue, &str); 5] = [
    (
        "english-prompts",
        Tongue::En,
        "notes:en:heldout@prompt,clean:1:1500",
    ),
    (
        "english-notes",
        Tongue::En,
        "notes:en:heldout@discharge,ed,consult,lab,nursing,operative,pathology,portal,progress,radiology,referral,social,hp,odd:1:400",
    ),
    (
        "blind-prompts",
        Tongue::En,
        "notes:en:heldout_b@prompt,clean:1:1500",
    ),
    (
        "blind-notes",
        Tongue::En,
        "notes:en:heldout_b@discharge:1:400",
    ),
    ("spanish", Tongue::Es, "meddocan-dev.jsonl"),
];
