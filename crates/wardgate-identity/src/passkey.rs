//! Passkeys: WebAuthn ceremonies with discoverable credentials and user verification.
//!
//! Each ceremony has two halves. The first gives what the browser is asked and a state that stays
//! on the server; the second takes the browser's answer and that state. Whoever calls keeps the
//! state where only they reach it and hands it in once.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;
use uuid::Uuid;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey, PasskeyAuthentication, PasskeyRegistration,
    PublicKeyCredential, RegisterPublicKeyCredential, Webauthn, WebauthnBuilder,
};

/// Registers and checks the passkeys of one origin.
#[derive(Debug, Clone)]
pub struct Passkeys(Webauthn);

/// The first half of a ceremony.
#[derive(Debug)]
pub struct Asked {
    /// What the browser is asked, as JSON.
    pub options: String,
    /// What the second half needs.
    pub state: Vec<u8>,
}

/// A passkey that was registered.
#[derive(Debug)]
pub struct Registered {
    /// The id that authenticators name it by.
    pub credential_id: Vec<u8>,
    /// What checks it.
    pub state: Vec<u8>,
}

/// Whom an answer says it is from, before anything was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The handle of the account, when the authenticator states one.
    pub user_handle: Option<[u8; 16]>,
    /// The id of the credential.
    pub credential_id: Vec<u8>,
}

/// A passkey whose answer was right, with the person verified by the authenticator.
#[derive(Debug)]
pub struct Proven {
    /// What checks the passkey from now on, when that changed.
    pub state: Option<Vec<u8>>,
    /// Whether its counter did not go on: it may have been copied. Many authenticators do not
    /// count, and some that do are restored from copies: this is told, and refuses nothing.
    pub counter_regressed: bool,
}

/// Why a ceremony ends without a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasskeyFault {
    /// The origin is not one that browsers allow passkeys for.
    #[error("passkeys need an origin such as `https://wardgate.example.org`")]
    Origin,
    /// The answer does not read, or does not belong to what was asked.
    #[error("the answer of the authenticator does not fit what it was asked")]
    Answer,
    /// What is stored does not read.
    #[error("the stored passkey does not read")]
    Stored,
}

impl Passkeys {
    /// For the origin that browsers know the console by.
    ///
    /// # Errors
    /// When it is not one that browsers allow passkeys for.
    pub fn new(origin: &str) -> Result<Self, PasskeyFault> {
        let url = Url::parse(origin).map_err(|_| PasskeyFault::Origin)?;
        let host = url.domain().ok_or(PasskeyFault::Origin)?;
        WebauthnBuilder::new(host, &url)
            .and_then(|builder| builder.rp_name("Wardgate").build())
            .map(Self)
            .map_err(|_| PasskeyFault::Origin)
    }

    /// Asks for a new passkey of a person who has those named in `known` already.
    ///
    /// # Errors
    /// Never in effect.
    pub fn begin_registration(
        &self,
        user_handle: [u8; 16],
        person: &str,
        known: &[Vec<u8>],
    ) -> Result<Asked, PasskeyFault> {
        let handle = Uuid::from_bytes(user_handle);
        let known = known.to_vec();
        let (options, state) = self
            .0
            .start_passkey_registration(handle, person, person, Some(known))
            .map_err(|_| PasskeyFault::Answer)?;
        let mut options = serde_json::to_value(options).map_err(|_| PasskeyFault::Answer)?;
        // The library leaves it to the authenticator whether the passkey can be found without a
        // name. Ours must be: people sign in without typing one.
        let selection = options.pointer_mut("/publicKey/authenticatorSelection");
        if let Some(Value::Object(selection)) = selection {
            selection.insert("residentKey".to_owned(), "required".into());
            selection.insert("requireResidentKey".to_owned(), true.into());
            selection.insert("userVerification".to_owned(), "required".into());
        }
        asked(&options, &state)
    }

    /// Checks the new passkey.
    ///
    /// # Errors
    /// When the answer does not fit the state, or the person was not verified.
    pub fn finish_registration(
        &self,
        answer: &str,
        state: &[u8],
    ) -> Result<Registered, PasskeyFault> {
        let answer: RegisterPublicKeyCredential = read_answer(answer)?;
        let state: PasskeyRegistration = read_stored(state)?;
        let passkey = self
            .0
            .finish_passkey_registration(&answer, &state)
            .map_err(|_| PasskeyFault::Answer)?;
        let held = Held {
            counter: counter_of(&passkey)?,
            passkey,
        };
        Ok(Registered {
            credential_id: held.passkey.cred_id().to_vec(),
            state: write(&held)?,
        })
    }

    /// The id that authenticators name a stored passkey by.
    ///
    /// # Errors
    /// When what is stored is no passkey.
    pub fn credential_id(stored: &[u8]) -> Result<Vec<u8>, PasskeyFault> {
        Ok(read_held(stored)?.passkey.cred_id().to_vec())
    }

    /// Asks whoever is there for any passkey of this origin.
    ///
    /// # Errors
    /// Never in effect.
    pub fn begin_sign_in(&self) -> Result<Asked, PasskeyFault> {
        let (mut options, state) = self
            .0
            .start_discoverable_authentication()
            .map_err(|_| PasskeyFault::Answer)?;
        // Whether it is offered while a name is typed, or asked for at once, is the page's choice.
        options.mediation = None;
        asked(&options, &Ceremony::Anyone(state))
    }

    /// Asks a person for one of their own passkeys.
    ///
    /// # Errors
    /// When there is none, or one does not read.
    pub fn begin_step_up(&self, own: &[&[u8]]) -> Result<Asked, PasskeyFault> {
        let own = own
            .iter()
            .map(|state| read_held(state).map(|held| held.passkey))
            .collect::<Result<Vec<Passkey>, _>>()?;
        let (options, state) = self
            .0
            .start_passkey_authentication(&own)
            .map_err(|_| PasskeyFault::Stored)?;
        asked(&options, &Ceremony::Person(state))
    }

    /// Reads whom an answer says it is from. It proves nothing.
    ///
    /// # Errors
    /// When it does not read.
    pub fn claimed(answer: &str) -> Result<Claimed, PasskeyFault> {
        let answer: PublicKeyCredential = read_answer(answer)?;
        let handle = answer.get_user_unique_id();
        Ok(Claimed {
            user_handle: handle.and_then(|bytes| bytes.try_into().ok()),
            credential_id: answer.get_credential_id().to_vec(),
        })
    }

    /// Checks an answer against the passkey that it says it is from.
    ///
    /// # Errors
    /// When it is not right, or the person was not verified.
    pub fn finish(
        &self,
        answer: &str,
        state: &[u8],
        passkey: &[u8],
    ) -> Result<Proven, PasskeyFault> {
        let answer: PublicKeyCredential = read_answer(answer)?;
        let mut held = read_held(passkey)?;
        let checked = match read_stored(state)? {
            Ceremony::Anyone(state) => {
                self.0
                    .finish_discoverable_authentication_v2(&answer, state, &held.passkey)
            }
            Ceremony::Person(state) => self.0.finish_passkey_authentication(&answer, &state),
        };
        let result = checked.map_err(|_| PasskeyFault::Answer)?;
        if !result.user_verified() || result.cred_id() != held.passkey.cred_id() {
            return Err(PasskeyFault::Answer);
        }
        let counted = held.counter > 0 || result.counter() > 0;
        let counter_regressed = counted && result.counter() <= held.counter;
        let changed = held.passkey.update_credential(&result).unwrap_or(false);
        held.counter = held.counter.max(result.counter());
        Ok(Proven {
            state: changed.then(|| write(&held)).transpose()?,
            counter_regressed,
        })
    }
}

/// A passkey with its counter, which is kept apart from what the library checks.
#[derive(Serialize, Deserialize)]
struct Held {
    counter: u32,
    passkey: Passkey,
}

#[derive(Serialize, Deserialize)]
enum Ceremony {
    Anyone(DiscoverableAuthentication),
    Person(PasskeyAuthentication),
}

/// The library refuses a counter that does not go on; it is shown a passkey that never counted.
fn read_held(stored: &[u8]) -> Result<Held, PasskeyFault> {
    let mut value: Value = read_stored(stored)?;
    match value.pointer_mut(COUNTER_IN_HELD) {
        Some(counter) => *counter = 0.into(),
        None => return Err(PasskeyFault::Stored),
    }
    serde_json::from_value(value).map_err(|_| PasskeyFault::Stored)
}

fn counter_of(passkey: &Passkey) -> Result<u32, PasskeyFault> {
    let value = serde_json::to_value(passkey).map_err(|_| PasskeyFault::Stored)?;
    let counter = value.pointer("/cred/counter").and_then(Value::as_u64);
    counter
        .and_then(|counter| u32::try_from(counter).ok())
        .ok_or(PasskeyFault::Stored)
}

const COUNTER_IN_HELD: &str = "/passkey/cred/counter";

fn asked(options: &impl Serialize, state: &impl Serialize) -> Result<Asked, PasskeyFault> {
    Ok(Asked {
        options: serde_json::to_string(options).map_err(|_| PasskeyFault::Answer)?,
        state: write(state)?,
    })
}

fn write(value: &impl Serialize) -> Result<Vec<u8>, PasskeyFault> {
    serde_json::to_vec(value).map_err(|_| PasskeyFault::Stored)
}

fn read_stored<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, PasskeyFault> {
    serde_json::from_slice(bytes).map_err(|_| PasskeyFault::Stored)
}

fn read_answer<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, PasskeyFault> {
    if text.len() > ANSWER_BYTES_MAX {
        return Err(PasskeyFault::Answer);
    }
    serde_json::from_str(text).map_err(|_| PasskeyFault::Answer)
}

const ANSWER_BYTES_MAX: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn passkeys() -> Passkeys {
        Passkeys::new("https://localhost:8444").unwrap()
    }

    #[test]
    fn a_passkey_can_be_found_without_a_name_and_verifies_its_person() {
        let asked = passkeys()
            .begin_registration([7; 16], "dr.osei", &[vec![1, 2, 3]])
            .unwrap();
        let options: Value = serde_json::from_str(&asked.options).unwrap();
        let selection = &options["publicKey"]["authenticatorSelection"];
        assert_eq!(selection["residentKey"], "required");
        assert_eq!(selection["userVerification"], "required");
        assert_eq!(options["publicKey"]["excludeCredentials"][0]["id"], "AQID");
        let asked = passkeys().begin_sign_in().unwrap();
        let options: Value = serde_json::from_str(&asked.options).unwrap();
        assert_eq!(options["publicKey"]["userVerification"], "required");
        assert_eq!(options["publicKey"]["rpId"], "localhost");
        assert_eq!(options.get("mediation"), None);
    }

    #[test]
    fn every_ceremony_has_a_challenge_of_its_own() {
        let challenge = || {
            let asked = passkeys().begin_sign_in().unwrap();
            let options: Value = serde_json::from_str(&asked.options).unwrap();
            options["publicKey"]["challenge"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        assert_ne!(challenge(), challenge());
    }

    #[test]
    fn an_address_without_a_name_has_no_passkeys() {
        for origin in ["https://127.0.0.1:8444", "nonsense", "https://[::1]"] {
            assert_eq!(Passkeys::new(origin).unwrap_err(), PasskeyFault::Origin);
        }
    }

    #[test]
    fn foreign_answers_prove_nothing() {
        let asked = passkeys().begin_sign_in().unwrap();
        for answer in ["", "{}", "null", &"x".repeat(ANSWER_BYTES_MAX + 1)] {
            let fault = passkeys().finish(answer, &asked.state, b"{}").unwrap_err();
            assert_eq!(fault, PasskeyFault::Answer);
            assert_eq!(Passkeys::claimed(answer).unwrap_err(), PasskeyFault::Answer);
        }
    }
}
