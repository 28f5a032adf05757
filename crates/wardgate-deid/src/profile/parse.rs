//! Profiles as files: one line for each rule, all faults told together.

use std::fmt;

use super::{Action, FIELDS, GENERALISE, Profile};
use crate::finding::{Kind, Part};

/// What is wrong with one line of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileFault {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

/// All that is wrong with a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileFaults(Vec<ProfileFault>);

impl ProfileFaults {
    /// The faults, by line.
    pub fn iter(&self) -> impl Iterator<Item = &ProfileFault> {
        self.0.iter()
    }
}

impl fmt::Display for ProfileFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            let parting = if index == 0 { "" } else { "\n" };
            write!(f, "{parting}line {}: {}", fault.line, fault.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for ProfileFaults {}

/// Reads a profile.
pub(super) fn parse(text: &str) -> Result<Profile, ProfileFaults> {
    let mut reading = Reading::default();
    for (index, line) in text.lines().enumerate() {
        reading.line = index + 1;
        if reading.line > LINES_MAX {
            reading.fault(
                "the profile is too long",
                &format!("write at most {LINES_MAX} lines"),
            );
            break;
        }
        reading.read(line);
    }
    reading.finish()
}

#[derive(Default)]
struct Reading {
    line: usize,
    id: Option<String>,
    base: Option<Profile>,
    default: Option<Action>,
    rules: Vec<(usize, Action)>,
    named: Vec<String>,
    faults: Vec<ProfileFault>,
}

impl Reading {
    fn fault(&mut self, message: &str, hint: &str) {
        self.faults.push(ProfileFault {
            line: self.line,
            message: message.to_owned(),
            hint: hint.to_owned(),
        });
    }

    fn read(&mut self, line: &str) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return;
        }
        let Some((key, value)) = line.split_once('=') else {
            return self.fault(
                &format!("`{}` is no rule", shown(line)),
                "write `kind = action`, for example `name = surrogate`",
            );
        };
        let (key, value) = (key.trim(), value.trim());
        if self.named.iter().any(|named| named == key) {
            return self.fault(
                &format!("`{}` is named twice", shown(key)),
                "keep one of the lines",
            );
        }
        self.named.push(key.to_owned());
        match key {
            "profile" => self.id(value),
            "base" => self.base(value),
            "default" => self.otherwise(value),
            _ => self.rule(key, value),
        }
    }

    fn id(&mut self, value: &str) {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if value.is_empty() || value.len() > ID_LEN_MAX || !value.chars().all(fits) {
            return self.fault(
                &format!("`{}` can not be the id of a profile", shown(value)),
                "use small letters, digits and `-`, at most 64 of them",
            );
        }
        if Profile::named(value).is_some() {
            return self.fault(
                &format!("`{value}` is the id of a built-in profile"),
                "choose another id, and name the built-in one as `base`",
            );
        }
        self.id = Some(value.to_owned());
    }

    fn base(&mut self, value: &str) {
        self.base = Profile::named(value);
        if self.base.is_none() {
            self.fault(
                &format!("there is no built-in profile `{}`", shown(value)),
                "use `safe-harbor`, `limited-data-set` or `gdpr-pseudonymise`",
            );
        }
    }

    fn otherwise(&mut self, value: &str) {
        let Some(action) = self.action(value) else {
            return;
        };
        if !action.fits(Kind::Name, Part::Whole) {
            return self.fault(
                &format!("`{}` does not fit every kind", shown(value)),
                "use `placeholder`, `surrogate`, `mask`, `hash` or `redact` as the default",
            );
        }
        self.default = Some(action);
    }

    fn rule(&mut self, key: &str, value: &str) {
        let Some(index) = FIELDS.iter().position(|field| field.0 == key) else {
            let known: Vec<&str> = FIELDS.iter().map(|field| field.0).collect();
            return self.fault(
                &format!("there is no kind of identifier `{}`", shown(key)),
                &format!("use one of {}", known.join(", ")),
            );
        };
        let Some(action) = self.action(value) else {
            return;
        };
        let fits = FIELDS
            .get(index)
            .is_some_and(|field| action.fits(field.1, field.2));
        if !fits {
            let hint = match action {
                Action::Shift { .. } => "only dates can be shifted",
                _ => "only dates, ages and addresses can be generalised",
            };
            return self.fault(
                &format!("`{key}` can not be treated with `{}`", shown(value)),
                hint,
            );
        }
        self.rules.push((index, action));
    }

    fn action(&mut self, value: &str) -> Option<Action> {
        let mut words = value.split_whitespace();
        let verb = words.next().unwrap_or_default();
        let argument = words.next();
        if words.next().is_some() {
            self.fault(
                &format!("`{}` has too many arguments", shown(value)),
                "an action takes at most one argument",
            );
            return None;
        }
        let read = match (verb, argument) {
            ("keep", None) => Ok(Action::Keep),
            ("placeholder", None) => Ok(Action::Placeholder),
            ("surrogate", None) => Ok(Action::Surrogate),
            ("redact", None) => Ok(Action::Redact),
            ("shift", None) => Ok(Action::Shift {
                keep_weekday: false,
            }),
            ("shift", Some("keep-weekday")) => Ok(Action::Shift { keep_weekday: true }),
            ("shift", Some(_)) => Err("the only argument of `shift` is `keep-weekday`"),
            ("generalise", None) => Ok(GENERALISE),
            ("generalise", Some(band)) => number(band, 2..=45)
                .map(|band| Action::Generalise { band })
                .ok_or("give the years of an age band, from 2 to 45"),
            ("mask", None) => Ok(Action::Mask { with: MASK_USUAL }),
            ("mask", Some(with)) => {
                mask(with).ok_or("give one character that is no letter and no digit, or `X`")
            }
            ("hash", None) => Ok(Action::Hash {
                len: HASH_LEN_USUAL,
            }),
            ("hash", Some(len)) => number(len, 8..=32)
                .map(|len| Action::Hash { len })
                .ok_or("give the length of the hash, from 8 to 32"),
            _ => Err(
                "use keep, placeholder, surrogate, shift [keep-weekday], generalise [years], mask [character], hash [length] or redact",
            ),
        };
        read.map_err(|hint| self.fault(&format!("`{}` is no action", shown(value)), hint))
            .ok()
    }

    fn finish(mut self) -> Result<Profile, ProfileFaults> {
        if !self.named.iter().any(|named| named == "profile") {
            self.line = 1;
            self.fault("the profile has no id", "add a line `profile = your-id`");
        }
        if !self.faults.is_empty() {
            self.faults.sort_by_key(|fault| fault.line);
            return Err(ProfileFaults(self.faults));
        }
        let mut profile = self.base.unwrap_or_else(Profile::safe_harbor);
        if let Some(default) = self.default {
            for (action, field) in profile.actions.iter_mut().zip(FIELDS) {
                if *action != Action::Keep && default.fits(field.1, field.2) {
                    *action = default;
                }
            }
        }
        // `location` stands for its parts too, unless a part has its own line.
        self.rules.sort_by_key(|(index, _)| {
            FIELDS
                .get(*index)
                .is_some_and(|field| field.2 != Part::Whole)
        });
        for (index, action) in self.rules {
            let Some((_, kind, part)) = FIELDS.get(index) else {
                continue;
            };
            profile.set(*kind, *part, action);
            if *part == Part::Whole {
                for (_, _, part) in FIELDS.iter().filter(|field| field.1 == *kind) {
                    let stays = profile.action(*kind, *part) == Action::Keep;
                    if !stays && action.fits(*kind, *part) {
                        profile.set(*kind, *part, action);
                    }
                }
            }
        }
        profile.id = self.id.unwrap_or_default();
        Ok(profile)
    }
}

fn number(text: &str, range: std::ops::RangeInclusive<u8>) -> Option<u8> {
    text.parse().ok().filter(|number| range.contains(number))
}

/// Letters and digits could read as a value; `X` is customary.
fn mask(text: &str) -> Option<Action> {
    let mut characters = text.chars();
    let with = characters.next().filter(|_| characters.next().is_none())?;
    let fits = with == 'X'
        || !(with.is_alphanumeric() || with.is_control() || matches!(with, '"' | '\\' | '#' | '='));
    fits.then_some(Action::Mask { with })
}

/// The start of what was written, as far as a message needs it.
fn shown(text: &str) -> String {
    text.chars().take(SHOWN_LEN_MAX).collect()
}

const LINES_MAX: usize = 1_000;
const ID_LEN_MAX: usize = 64;
const SHOWN_LEN_MAX: usize = 40;
const MASK_USUAL: char = '*';
const HASH_LEN_USUAL: u8 = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<(usize, String)> {
        let faults = Profile::parse(text).unwrap_err();
        assert!(faults.iter().all(|fault| !fault.hint.is_empty()));
        faults.iter().map(|f| (f.line, f.message.clone())).collect()
    }

    #[test]
    fn all_faults_are_told_together() {
        let text = "profile = Ward\nbase = hipaa\n\n# note\nnames = keep\nname = shred\nname = keep\nmrn = shift\nid = generalise\ndate = shift a b\nphone\ndefault = shift\nssn = hash 4\nip = mask ab\nage.under-90 = generalise 99\ndate.year = shift weekday";
        let lines: Vec<usize> = faults(text).iter().map(|f| f.0).collect();
        assert_eq!(lines, [1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
        assert_eq!(faults(""), [(1, "the profile has no id".to_owned())]);
        assert_eq!(faults("profile = safe-harbor").len(), 1);
        let told = Profile::parse("profile = a\nx = y\nz")
            .unwrap_err()
            .to_string();
        assert_eq!(
            told,
            "line 2: there is no kind of identifier `x`\nline 3: `z` is no rule"
        );
    }

    #[test]
    fn rules_override_default_and_base_in_any_order() {
        let profile = Profile::parse(
            "location.zip = keep\nlocation = redact\nprofile = a\ndefault = hash\nname = mask #\nbase = gdpr-pseudonymise\ndate = shift keep-weekday",
        );
        // `#` begins a comment and is no mask.
        assert!(profile.is_err());
        let profile = Profile::parse(
            "location.zip = keep\nlocation = redact\nprofile = a\ndefault = hash\nname = mask X\nbase = gdpr-pseudonymise\ndate = shift keep-weekday",
        )
        .unwrap();
        let action = |kind, part| profile.action(kind, part);
        assert_eq!(action(Kind::Location, Part::Zip), Action::Keep);
        assert_eq!(action(Kind::Location, Part::Street), Action::Redact);
        assert_eq!(action(Kind::Location, Part::Country), Action::Keep);
        assert_eq!(action(Kind::Mrn, Part::Whole), Action::Hash { len: 12 });
        assert_eq!(action(Kind::Name, Part::Whole), Action::Mask { with: 'X' });
        assert_eq!(
            action(Kind::Date, Part::Whole),
            Action::Shift { keep_weekday: true }
        );
        assert_eq!(
            action(Kind::Date, Part::Year),
            Action::Shift { keep_weekday: true }
        );
    }

    #[test]
    fn a_written_profile_reads_back() {
        for built_in in ["safe-harbor", "limited-data-set", "gdpr-pseudonymise"] {
            let text = format!("profile = mine\nbase = {built_in}");
            let profile = Profile::parse(&text).unwrap();
            let again = Profile::parse(&profile.to_string()).unwrap();
            assert_eq!(again, profile);
            assert_eq!(again.digest(), profile.digest());
            assert_ne!(profile.digest(), Profile::named(built_in).unwrap().digest());
        }
    }
}
