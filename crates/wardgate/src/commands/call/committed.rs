//! Whether what is opened is what the ledger committed to when the call was made.

use wardgate_ledger::Published;
use wardgate_records::events::{EventKind, StoredEvent};
use wardgate_records::{PayloadPart, RecordId, StoredPayload};

use crate::failure::Failure;

/// What a published entry says of a part of a call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Committed {
    pub(super) part: PayloadPart,
    /// The index of the entry.
    pub(super) entry: u64,
    /// Whether the part fits the commitment, and the sealed bytes their hash where it is there.
    pub(super) fits: bool,
}

/// Compares the parts of a call with the entries about it, from the newest back to its intent.
pub(super) fn compare(
    published: &Published,
    record: RecordId,
    payloads: &[StoredPayload],
) -> Result<Vec<Committed>, Failure> {
    let mut found = Vec::new();
    for entry in published.entries(..).rev() {
        let (index, leaf) = entry?;
        let Ok(event) = StoredEvent::parse(&leaf) else {
            continue;
        };
        if event.kind == EventKind::CallOutcome && event.record_id("call") == Some(record) {
            let judged = judge(payloads, PayloadPart::Answer, "answer_commitment", &event);
            found.extend(judged.map(|fits| (PayloadPart::Answer, index, fits)));
        } else if event.kind == EventKind::CallIntent && event.id == record {
            let judged = judge(payloads, PayloadPart::Request, "request_commitment", &event);
            found.extend(judged.map(|fits| (PayloadPart::Request, index, fits)));
            break;
        }
    }
    let committed = found.into_iter();
    Ok(committed
        .map(|(part, entry, fits)| Committed { part, entry, fits })
        .collect())
}

/// `None` when the part is not stored or the entry commits to nothing.
fn judge(
    payloads: &[StoredPayload],
    part: PayloadPart,
    member: &str,
    event: &StoredEvent,
) -> Option<bool> {
    let payload = payloads.iter().find(|payload| payload.part == part)?;
    let commitment = event.digest(member)?;
    let hash = event.digest("payload_hash");
    Some(payload.commitment == commitment && hash.is_none_or(|hash| hash == payload.hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_body_and_other_sealed_bytes_do_not_fit() {
        let hex = |byte: u8| format!("{byte:02x}").repeat(32);
        let id = "01a22a4e-8f3a-7d42-bd08-96d37a16f274";
        let outcome = |commitment: &str| {
            let leaf = format!(
                r#"{{"at":"2026-11-30T02:35:21Z","data":{{"call":"{id}"{commitment}}},"id":"{id}","type":"call.outcome","v":1}}"#
            );
            StoredEvent::parse(leaf.as_bytes()).unwrap()
        };
        let whole = outcome(&format!(
            r#","answer_commitment":"{}","payload_hash":"{}""#,
            hex(1),
            hex(2)
        ));
        let judged = |commitment: u8, hash: u8, event: &StoredEvent| {
            let stored = StoredPayload {
                record: id.parse().unwrap(),
                part: PayloadPart::Answer,
                patient: None,
                body: zeroize::Zeroizing::default(),
                commitment: [commitment; 32],
                hash: [hash; 32],
            };
            judge(&[stored], PayloadPart::Answer, "answer_commitment", event)
        };
        assert_eq!(judged(1, 2, &whole), Some(true));
        assert_eq!(judged(3, 2, &whole), Some(false));
        assert_eq!(judged(1, 3, &whole), Some(false));
        assert_eq!(judged(1, 2, &outcome("")), None);
        let nothing = judge(&[], PayloadPart::Answer, "answer_commitment", &whole);
        assert_eq!(nothing, None);
    }
}
