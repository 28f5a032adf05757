//! Certificates of destruction: what was destroyed, tied to the ledger entry that says so, and
//! checkable without Wardgate.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use wardgate_ledger::note::VerifierKey;
use wardgate_ledger::{Published, Signer};
use wardgate_records::Destroyed;
use wardgate_records::events::{EventKind, StoredEvent, statement_digest};
use wardgate_tlog::checkpoint::Checkpoint;
use wardgate_tlog::proof::Proof;
use wardgate_tlog::tree::{check_inclusion, leaf_hash};
use wardgate_vault::PatientHandle;

use crate::backup::{files, head};
use crate::failure::Failure;

/// The body of a certificate. Its members are in the order of RFC 8785, and what is raw in it
/// is canonical already.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    check: Vec<String>,
    entry: Box<RawValue>,
    index: u64,
    origin: String,
    proof: String,
    statement: Box<RawValue>,
    v: u64,
}

/// What a certificate that checks says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Certified {
    pub(crate) patient: PatientHandle,
    pub(crate) at: String,
    pub(crate) index: u64,
    pub(crate) origin: String,
    pub(crate) statement: String,
}

/// The certificate of a shredding, once the ledger has published its entry.
pub(crate) fn certificate(
    destroyed: &Destroyed,
    published: &Published,
    signer: &Signer,
) -> Result<Option<String>, Failure> {
    let Some(index) = destroyed.index.filter(|index| *index < published.size()) else {
        return Ok(None);
    };
    let Some(proof) = published.prove(index)? else {
        return Ok(None);
    };
    let checkpoint = String::from_utf8(published.note().to_vec())
        .map_err(|_| damaged("its checkpoint is not text"))?;
    let proof = Proof {
        extra: None,
        index,
        path: proof.path,
        checkpoint,
    };
    let body = Body {
        check: HOW_TO_CHECK.iter().map(|step| (*step).to_owned()).collect(),
        entry: raw(&destroyed.leaf)?,
        index,
        origin: signer.name().to_owned(),
        proof: proof.to_string(),
        statement: raw(&destroyed.statement)?,
        v: 1,
    };
    let json = serde_json::to_string(&body).map_err(|_| damaged("it does not serialise"))?;
    let text = format!("{FIRST_LINE}\n{}\n{json}\n", signer.name());
    Ok(Some(signer.sign(&text)))
}

/// Checks a certificate with nothing but the verifier key of the ledger.
pub(crate) fn check(path: &Path, key: &VerifierKey) -> Result<Certified, Failure> {
    let note = files::read(path, CERTIFICATE_BYTES_MAX)?.ok_or_else(|| {
        Failure::new(
            format!("there is no `{}`", path.display()),
            "check the path",
        )
    })?;
    let text = head::open_note(&note, key, path)?;
    read(&text, key).ok_or_else(|| {
        Failure::new(
            format!("`{}` does not prove what it says", path.display()),
            "do not accept it; ask for the certificate again: `wardgate patient certificate`",
        )
    })
}

/// The patient that a certificate says was shredded.
pub(crate) fn patient_of(path: &Path, key: &VerifierKey) -> Result<PatientHandle, Failure> {
    Ok(check(path, key)?.patient)
}

fn read(text: &str, key: &VerifierKey) -> Option<Certified> {
    let mut lines = text.lines();
    let (first, origin, json) = (lines.next()?, lines.next()?, lines.next()?);
    let body: Body = serde_json::from_str(json).ok()?;
    let alone = lines.next().is_none() && first == FIRST_LINE && origin == body.origin;
    let proof = Proof::parse(body.proof.as_bytes()).ok()?;
    let tree = Checkpoint::open(proof.checkpoint.as_bytes(), key).ok()?;
    let leaf = leaf_hash(body.entry.get().as_bytes());
    let included = proof.index == body.index
        && tree.origin == body.origin
        && check_inclusion(&leaf, body.index, tree.size, &proof.path, &tree.root);
    let event = StoredEvent::parse(body.entry.get().as_bytes()).ok()?;
    let statement = body.statement.get();
    let stated: Statement = serde_json::from_str(statement).ok()?;
    let bound = event.kind == EventKind::PatientShredded
        && event.digest("certificate") == Some(statement_digest(statement.as_bytes()))
        && event.text("patient") == Some(stated.patient.as_str());
    (alone && included && bound).then_some(Certified {
        patient: stated.patient.parse().ok()?,
        at: stated.shredded_at,
        index: body.index,
        origin: body.origin,
        statement: statement.to_owned(),
    })
}

/// What is read of a statement; it may hold more.
#[derive(Deserialize)]
struct Statement {
    patient: String,
    shredded_at: String,
}

fn raw(bytes: &[u8]) -> Result<Box<RawValue>, Failure> {
    let text = String::from_utf8(bytes.to_vec()).map_err(|_| damaged("it is not text"))?;
    RawValue::from_string(text).map_err(|_| damaged("it is not JSON"))
}

fn damaged(what: &str) -> Failure {
    Failure::new(
        format!("the record of the shredding is damaged: {what}"),
        "verify the ledger with `wardgate ledger verify`",
    )
}

const FIRST_LINE: &str = "wardgate-certificate-of-destruction/v1";
const CERTIFICATE_BYTES_MAX: u64 = 128 << 10;

/// For whoever holds the file and nothing of ours.
const HOW_TO_CHECK: [&str; 6] = [
    "this file is a C2SP signed note: the text is everything above the empty line, the last line signs it with the Ed25519 key in the first line of the ledger's file ledger.vkey",
    "entry: the exact bytes of a ledger entry; its RFC 6962 leaf hash is SHA-256 of a zero byte and these bytes",
    "proof: a C2SP tlog-proof that the entry stands at index in the tree of the signed checkpoint in it; any verifier of tlog-proof files checks it",
    "statement: what was destroyed; the member certificate of the entry is the SHA-256 of the exact bytes of this object",
    "statement.key_check is the check value of the destroyed key and stands in every payload that it sealed; key_sets says which backups held the wrapped key and until when a copy may exist",
    "or: wardgate patient verify FILE --key KEY",
];
