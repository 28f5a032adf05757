//! What stands in an export for whoever opens it first.

use super::Plan;
use super::tree::Anchors;

pub(super) fn text(plan: &Plan<'_>, minimum: u64, anchors: &Anchors) -> String {
    let checkpoint = plan.published.checkpoint();
    let holds = match minimum {
        0 => "all of them".to_owned(),
        minimum => format!("those from {minimum} on; of the ones before, only the hashes are here"),
    };
    let mut text = format!(
        "EXPORT OF A WARDGATE LEDGER

Log      {origin}
Entries  {size}, of which this folder holds {holds}
Made     {now:.19}Z

WHAT THIS IS

Wardgate stands between a hospital and its AI. Whatever it lets through or
refuses, and every change of what it decides by, becomes an entry of a ledger.
The entries are the leaves of a Merkle tree, and the operator signs its root.
An entry that is changed, removed or added later does not fit the signed root.

The entries hold no patient data. A patient is a random handle; requests and
answers are keyed commitments.

WHAT IS IN IT

  index.html        overview and entries for a browser; open it from disk
  audit/            the entries as FHIR AuditEvent, as OCSF and as CSV
  checkpoint        size and root of the tree, signed (C2SP tlog-checkpoint)
  tile/             hashes and entries of the tree (C2SP tlog-tiles)
  ledger.vkey       verifier keys of the log (C2SP signed-note)
  policy            keys of the log and of its witnesses (C2SP tlog-policy)
  cosigned/         {cosigned} checkpoints that independent witnesses have cosigned
  tsa/              {timestamps} timestamps of checkpoints (RFC 3161)
  MANIFEST          SHA-256 of every file of this folder, signed by the log

HOW TO CHECK IT

Do not trust the keys in this folder: whoever could change it could change
them too. Get the verifier key from the hospital on another way. It is the
first line of `ledger.vkey` in its data directory and looks like this:

  {key}

With Wardgate, which checks every entry, tile and signature:

  wardgate ledger verify --key KEY .

With the small verifier that shares no other code with the gate:

  wardgate-verify export . --key KEY

With any reader of C2SP tlog-tiles: this folder is a static log. In Go, the
module golang.org/x/mod has sumdb/note, which opens `checkpoint` and
`MANIFEST` with the verifier key, and sumdb/tlog, which checks tiles and
inclusion proofs. In Python, `cryptography` checks Ed25519: a signature in a
note is over the text up to and with the newline before the empty line, and
follows four bytes of key id.

The manifest without any verifier of logs, on Linux:

  sed -n '/^[0-9a-f]\\{{64}}  /p' MANIFEST | sha256sum --check --quiet

",
        origin = checkpoint.origin,
        size = checkpoint.size,
        now = plan.now.to_string(),
        cosigned = anchors.cosigned,
        timestamps = anchors.timestamps,
        key = plan.keys.lines().next().unwrap_or_default(),
    );
    if anchors.timestamps > 0 {
        text.push_str(
            "A timestamp, with the certificate of its authority, for each SIZE in tsa/:

  openssl ts -verify -in tsa/SIZE.tsr -data tsa/SIZE.checkpoint -CAfile CA.pem

",
        );
    }
    text.push_str(
        "A single row of audit/ can be checked alone: SHA-256 of a zero byte and the
text under `entry` (`raw_data` in OCSF) is its leaf hash, and the hashes under
`proof` lead from there to the root of `checkpoint` (RFC 9162, 2.1.3.2).

WHAT IT DOES NOT SHOW

That the log has no second version: only witnesses show that, where there are
any in cosigned/. That an entry says the truth about what a model did: it says
what the gate saw and decided.
",
    );
    text
}
