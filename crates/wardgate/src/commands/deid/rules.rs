//! What is looked for and what goes: the engine, the profile and the language, as the arguments say.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use wardgate_deid::{
    Action, Engine, Finding, Hints, Kind, KnownIdentifiers, Language, Part, Profile,
};

use crate::failure::{Failure, FileFault};
use crate::neural;

/// Which profile, for which language.
#[derive(Debug, Args)]
pub(super) struct Choice {
    /// What counts as an identifier and what takes its place: auto (safe-harbor for English,
    /// gdpr-pseudonymise for Spanish and German), safe-harbor, limited-data-set, gdpr-pseudonymise,
    /// or a file
    #[arg(long, value_name = "PROFILE", default_value = AUTO)]
    profile: String,

    /// Language of the texts; auto looks at each
    #[arg(long, value_enum, default_value_t = Tongue::Auto)]
    lang: Tongue,

    /// Folder of a token-classification model (model.onnx, tokenizer.json, config.json) that looks for
    /// identifiers too; needs a build with --features neural
    #[arg(long, value_name = "DIR")]
    neural: Option<PathBuf>,
}

/// A language, or none stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Tongue {
    Auto,
    En,
    Es,
    De,
}

/// The engine with what it is to follow.
pub(super) struct Rules {
    engine: Engine,
    /// For each language, in the order of [`Language::ALL`].
    profiles: [Profile; Language::ALL.len()],
    language: Option<Language>,
}

impl Choice {
    /// Reads the profile and builds the engine.
    pub(super) fn rules(&self) -> Result<Rules, Failure> {
        let profiles = match self.profile.as_str() {
            AUTO => Language::ALL.map(Profile::of),
            named => {
                let chosen = profile(named)?;
                Language::ALL.map(|_| chosen.clone())
            }
        };
        let language = match self.lang {
            Tongue::Auto => None,
            Tongue::En => Some(Language::English),
            Tongue::Es => Some(Language::Spanish),
            Tongue::De => Some(Language::German),
        };
        Ok(Rules {
            engine: neural::engine(self.neural.as_deref())?,
            profiles,
            language,
        })
    }
}

impl Rules {
    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The same rules with profiles changed by `change`.
    pub(super) fn with_profiles(mut self, change: impl Fn(Profile) -> Profile) -> Self {
        self.profiles = self.profiles.map(change);
        self
    }

    /// The language that was stated, or else the text's own.
    pub(super) fn language_of(&self, text: &str) -> Language {
        self.language.unwrap_or_else(|| Language::detect(text))
    }

    pub(super) fn profile_of(&self, language: Language) -> &Profile {
        let [english, spanish, german] = &self.profiles;
        match language {
            Language::English => english,
            Language::Spanish => spanish,
            Language::German => german,
        }
    }

    /// What the profile takes out of a text.
    pub(super) fn find(
        &self,
        text: &str,
        language: Language,
        known: Option<&KnownIdentifiers>,
    ) -> Vec<Finding> {
        let hints = Hints {
            known,
            language: Some(language),
        };
        let profile = self.profile_of(language);
        let mut findings = self.engine.detect_with(text, &hints);
        findings.retain(|finding| profile.applies(finding, text));
        findings
    }

    /// Whether anything that is written depends on the key of the project beyond one run.
    pub(super) fn draws_from_key(&self) -> bool {
        let draws = |profile: &Profile| {
            Kind::ALL.into_iter().any(|kind| {
                matches!(
                    profile.action(kind, Part::Whole),
                    Action::Surrogate | Action::Shift { .. } | Action::Hash { .. }
                )
            })
        };
        self.profiles.iter().any(draws)
    }
}

/// A profile by its name, or from a file.
pub(in crate::commands) fn profile(named: &str) -> Result<Profile, Failure> {
    Profile::named(named).map_or_else(|| read(named), Ok)
}

fn read(name: &str) -> Result<Profile, Failure> {
    let path = PathBuf::from(name);
    let text = fs::read_to_string(&path).map_err(|error| unread(&path, &error))?;
    Profile::parse(&text).map_err(|faults| {
        let faults = faults.iter().map(|fault| FileFault {
            file: path.clone(),
            line: u32::try_from(fault.line).unwrap_or_default(),
            column: 0,
            message: fault.message.clone(),
            hint: fault.hint.clone(),
        });
        Failure::in_files("the profile can not be read", faults.collect())
    })
}

fn unread(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        format!("can not read the profile `{}`: {error}", path.display()),
        "use auto, safe-harbor, limited-data-set, gdpr-pseudonymise, or the path of a profile",
    )
}

const AUTO: &str = "auto";
