//! One session with a token, and what the errors of modules mean.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use secrecy::SecretString;

use super::{Pkcs11Settings, TokenName};
use crate::provider::fault::Fault;

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let what = error.to_string();
        match error {
            Error::Pkcs11(code, _) => Self::from_code(code, what),
            _ => Self::Unusable(what),
        }
    }
}

impl Fault {
    /// What the return code of a module means.
    fn from_code(code: RvError, what: String) -> Self {
        match code {
            RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange => Self::Login(what),
            RvError::PinExpired
            | RvError::PinLocked
            | RvError::UserPinNotInitialized
            | RvError::UserNotLoggedIn
            | RvError::KeyFunctionNotPermitted
            | RvError::FunctionRejected
            | RvError::ActionProhibited => Self::Refused(what),
            RvError::EncryptedDataInvalid
            | RvError::EncryptedDataLenRange
            | RvError::SignatureInvalid => Self::Rejected,
            RvError::MechanismInvalid
            | RvError::MechanismParamInvalid
            | RvError::FunctionNotSupported
            | RvError::ArgumentsBad
            | RvError::TemplateIncomplete
            | RvError::TemplateInconsistent
            | RvError::AttributeTypeInvalid
            | RvError::AttributeValueInvalid
            | RvError::KeyTypeInconsistent
            | RvError::KeySizeRange
            | RvError::TokenWriteProtected
            | RvError::TokenNotRecognized => Self::Unusable(what),
            // Whatever else happened, the token or the way to it does not work now.
            _ => Self::Unavailable(what),
        }
    }
}

/// Finds the token, logs in, does the work and closes the session.
pub(super) fn run<T>(
    settings: &Pkcs11Settings,
    pin: &SecretString,
    work: impl FnOnce(&Session) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let mut modules = MODULES.lock().unwrap_or_else(PoisonError::into_inner);
    let context = load(&mut modules, &settings.module)?;
    let outcome = in_session(&context, settings, pin, work);
    if matches!(outcome, Err(Fault::Unavailable(_))) {
        // Loaded anew next time: some modules see a token that came back only then.
        modules.remove(&settings.module);
        // It may have failed because of what makes this fail too.
        context.finalize().ok();
    }
    outcome
}

/// The modules in use. A module is one for the whole process, however many providers use it,
/// and is used by one of them at a time.
static MODULES: Mutex<BTreeMap<PathBuf, Pkcs11>> = Mutex::new(BTreeMap::new());

fn load(modules: &mut BTreeMap<PathBuf, Pkcs11>, path: &Path) -> Result<Pkcs11, Fault> {
    if let Some(context) = modules.get(path) {
        return Ok(context.clone());
    }
    let context = Pkcs11::new(path).map_err(|error| {
        let path = path.display();
        Fault::Unusable(format!("the module `{path}` can not be loaded: {error}"))
    })?;
    match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
        Err(error) => return Err(error.into()),
    }
    modules.insert(path.to_owned(), context.clone());
    Ok(context)
}

fn in_session<T>(
    context: &Pkcs11,
    settings: &Pkcs11Settings,
    pin: &SecretString,
    work: impl FnOnce(&Session) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let slot = find(context, &settings.token)?;
    // Tokens warn before they lock. The last try is left to a person.
    if context.get_token_info(slot)?.user_pin_final_try() {
        return Err(Fault::Refused(
            "the token has one try of the PIN left; log in by hand first".to_owned(),
        ));
    }
    let session = context.open_rw_session(slot)?;
    match session.login(UserType::User, Some(pin)) {
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
        Err(error) => return Err(error.into()),
    }
    let outcome = work(&session);
    session.close().ok();
    outcome
}

/// The one token with this name.
fn find(context: &Pkcs11, token: &TokenName) -> Result<Slot, Fault> {
    let mut found = Vec::new();
    for slot in context.get_slots_with_token()? {
        // A token that can not be asked is not the one that is sought, or is gone.
        let Ok(info) = context.get_token_info(slot) else {
            continue;
        };
        if match token {
            TokenName::Label(label) => info.label() == label,
            TokenName::Serial(serial) => info.serial_number() == serial,
        } {
            found.push(slot);
        }
    }
    match found.as_slice() {
        [slot] => Ok(*slot),
        [] => Err(Fault::Unavailable("no such token is present".to_owned())),
        _ => Err(Fault::Unusable(
            "several tokens have this name; use the serial number".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn return_codes_mean_what_to_do_about_them() {
        let kind = |code| match Fault::from_code(code, String::new()) {
            Fault::Login(_) => "login",
            Fault::Refused(_) => "refused",
            Fault::Rejected => "rejected",
            Fault::Unusable(_) => "unusable",
            Fault::Unavailable(_) => "unavailable",
            Fault::Doubted(_) => "doubted",
        };
        for (wanted, codes) in [
            (
                "login",
                &[
                    RvError::PinIncorrect,
                    RvError::PinInvalid,
                    RvError::PinLenRange,
                ][..],
            ),
            (
                "refused",
                &[
                    RvError::PinExpired,
                    RvError::PinLocked,
                    RvError::UserPinNotInitialized,
                    RvError::UserNotLoggedIn,
                    RvError::KeyFunctionNotPermitted,
                    RvError::FunctionRejected,
                    RvError::ActionProhibited,
                ],
            ),
            (
                "rejected",
                &[
                    RvError::EncryptedDataInvalid,
                    RvError::EncryptedDataLenRange,
                    RvError::SignatureInvalid,
                ],
            ),
            (
                "unusable",
                &[
                    RvError::MechanismInvalid,
                    RvError::MechanismParamInvalid,
                    RvError::FunctionNotSupported,
                    RvError::ArgumentsBad,
                    RvError::TemplateIncomplete,
                    RvError::TemplateInconsistent,
                    RvError::AttributeTypeInvalid,
                    RvError::AttributeValueInvalid,
                    RvError::KeyTypeInconsistent,
                    RvError::KeySizeRange,
                    RvError::TokenWriteProtected,
                    RvError::TokenNotRecognized,
                ],
            ),
            (
                "unavailable",
                &[
                    RvError::DeviceRemoved,
                    RvError::TokenNotPresent,
                    RvError::DeviceError,
                    RvError::GeneralError,
                    RvError::SessionClosed,
                    RvError::CryptokiNotInitialized,
                ],
            ),
        ] {
            for code in codes {
                assert_eq!(kind(*code), wanted, "{code:?}");
            }
        }
    }
}
