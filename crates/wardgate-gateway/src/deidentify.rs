//! Removes identifiers from a call: rules, and the patient's own identifiers from the record on file.

mod runs;

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use wardgate_deid::{
    Address, Deidentified, Deidentifier, KnownIdentifiers, PatientIdentifiers, PersonName,
    PlaceholderKey,
};
use wardgate_records::{DeidMode, PatientAddress, PatientFile, PatientName};
use wardgate_vault::PatientHandle;

use crate::call::Call;
use crate::facts::Gathered;
use crate::gate::Gate;
use crate::refusal::{self, Refusal};
pub use runs::ModelLimits;
pub(crate) use runs::ModelRuns;
use runs::NoRun;

/// De-identifies the body of a call. Long bodies leave the I/O thread, which serves other calls, and so do
/// all when a model looks for identifiers.
pub(crate) async fn deidentify(
    gate: &Arc<Gate>,
    call: &Call,
    facts: &Gathered,
) -> Result<Deidentified, Refusal> {
    let mode = facts.system().deid;
    let key = placeholder_key(gate, call, facts);
    let known = facts.patient().map(|patient| gate.known.of(patient));
    let parts = call.json_parts();
    let digest = *call.digest().as_bytes();
    let body = call.body().clone();
    let work = move |gate: &Gate, stop: &AtomicBool| {
        let deidentifier = match mode {
            DeidMode::Off => Deidentifier::off(OFF),
            // Any mode this program does not know de-identifies.
            _ => Deidentifier::new(&gate.engine, &key, known.as_deref()),
        };
        deidentifier.stop_when(stop).json(digest, &body, &parts)
    };
    let bytes = call.body().len();
    let done = if gate.engine.is_neural() && !matches!(mode, DeidMode::Off) {
        let of = gate.clone();
        let run = gate.model_runs.run(bytes, move |stop| work(&of, stop));
        run.await.map_err(|none| match none {
            NoRun::Late => Refusal::new(&refusal::DEID_BUSY).retry_after_s(BUSY_RETRY_S),
            NoRun::TooLong | NoRun::Failed => Refusal::new(&refusal::DEID_FAILED),
        })?
    } else if bytes <= INLINE_BYTES_MAX {
        work(gate, &AtomicBool::new(false))
    } else {
        let gate = gate.clone();
        tokio::task::spawn_blocking(move || work(&gate, &AtomicBool::new(false)))
            .await
            .map_err(|_| Refusal::new(&refusal::DEID_FAILED))?
    };
    done.map_err(|fault| match fault.code() {
        "deid.identifier_in_key" => Refusal::new(&refusal::IDENTIFIER_IN_KEY),
        "deid.identifier_in_number" => Refusal::new(&refusal::IDENTIFIER_IN_NUMBER),
        "deid.residue" => Refusal::new(&refusal::RESIDUE),
        _ => Refusal::new(&refusal::DEID_FAILED),
    })
}

/// One key per caller and conversation, and per call where no conversation is named: the same
/// value gets the same placeholder there and nowhere else.
fn placeholder_key(gate: &Gate, call: &Call, facts: &Gathered) -> PlaceholderKey {
    let caller = call.admitted().caller();
    let person = caller.person().map_or("", |person| person.id.as_str());
    // Ids hold no line break, so no two callers write the same scope.
    let caller = format!("{}\n{person}", caller.app().id);
    let root = gate.placeholder_root.expose();
    match facts.conversation() {
        Some(conversation) => PlaceholderKey::derive(
            root,
            caller.as_bytes(),
            format!("named {conversation}").as_bytes(),
        ),
        None => PlaceholderKey::derive(root, caller.as_bytes(), call.record().as_bytes()),
    }
}

/// Dictionaries of the patients called about lately.
#[derive(Debug, Default)]
pub(crate) struct KnownPatients {
    compiled: Mutex<HashMap<PatientHandle, Compiled>>,
}

/// A dictionary, and the record on file that it was made from.
#[derive(Debug)]
struct Compiled {
    from: Weak<PatientFile>,
    known: Arc<KnownIdentifiers>,
}

impl KnownPatients {
    fn of(&self, patient: &Arc<PatientFile>) -> Arc<KnownIdentifiers> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = compiled.get(&patient.handle)
            && std::ptr::eq(found.from.as_ptr(), Arc::as_ptr(patient))
        {
            return found.known.clone();
        }
        // A record that was changed or shredded is gone from the snapshot, and its dictionary goes too.
        compiled.retain(|_, found| found.from.strong_count() > 0);
        if compiled.len() >= COMPILED_MAX {
            compiled.clear();
        }
        let known = Arc::new(KnownIdentifiers::compile(&identifiers(patient)));
        let from = Arc::downgrade(patient);
        let compiled_now = Compiled {
            from,
            known: known.clone(),
        };
        compiled.insert(patient.handle, compiled_now);
        known
    }
}

/// What the record on file says, in the form of the dictionary.
fn identifiers(patient: &PatientFile) -> PatientIdentifiers {
    let mut known = PatientIdentifiers::default();
    known.names.extend(patient.names.iter().flat_map(names));
    known
        .contacts
        .extend(patient.contacts.iter().flat_map(names));
    known.birth_dates.clone_from(&patient.dates);
    known.record_numbers.clone_from(&patient.record_numbers);
    known.phones.clone_from(&patient.phones);
    known.emails.clone_from(&patient.emails);
    // A portal address or chat handle identifies like a number does.
    known.record_numbers.extend(patient.links.iter().cloned());
    known
        .addresses
        .extend(patient.addresses.iter().flat_map(addresses));
    known
}

/// The name in its parts, and once more as it was written whole.
fn names(name: &PatientName) -> impl Iterator<Item = PersonName> {
    let parts = PersonName {
        given: name.given.clone(),
        family: name.family.clone().unwrap_or_default(),
    };
    let whole = name.text.as_deref().and_then(|text| {
        let mut words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        let family = words.pop()?;
        Some(PersonName {
            given: words,
            family,
        })
    });
    [Some(parts), whole]
        .into_iter()
        .flatten()
        .filter(|name| !name.family.is_empty() || !name.given.is_empty())
}

fn addresses(address: &PatientAddress) -> impl Iterator<Item = Address> {
    let parts = Address {
        lines: address.lines.clone(),
        city: address.city.clone().unwrap_or_default(),
        postal_code: address.postal_code.clone().unwrap_or_default(),
    };
    let whole = address.text.as_ref().map(|text| {
        let mut whole = Address::default();
        whole.lines.push(text.clone());
        whole
    });
    [Some(parts), whole].into_iter().flatten()
}

/// Longer bodies leave the I/O thread.
const INLINE_BYTES_MAX: usize = 64 * 1024;
const BUSY_RETRY_S: u32 = 5;
const COMPILED_MAX: usize = 4_096;
const OFF: &str = "system.deid-off";
