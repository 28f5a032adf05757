//! The answer to a store request (PS3.18, 10.5 and annex I): what was stored, and what was not.

use serde_json::{Value, json};

use crate::fault::Unpassed;
use crate::object::Identity;

/// What became of the objects of a request.
#[derive(Debug, Default)]
pub(super) struct Answer {
    stored: Vec<Value>,
    failed: Vec<Value>,
    /// Whether all that failed may be stored later.
    later: bool,
}

impl Answer {
    /// An object was stored, under its new UIDs.
    pub(super) fn stored(&mut self, identity: &Identity) {
        self.stored.push(json!({
            CLASS: element("UI", &identity.class),
            INSTANCE: element("UI", &identity.instance),
        }));
    }

    /// An object was not stored. Its UIDs are those by which the sender knows it.
    pub(super) fn failed(&mut self, identity: Option<&Identity>, fault: &Unpassed) {
        let later = fault.may_pass_later();
        self.later = later && (self.failed.is_empty() || self.later);
        let mut item = json!({ REASON: { "vr": "US", "Value": [reason_of(fault)] } });
        if let (Some(identity), Some(item)) = (identity, item.as_object_mut()) {
            item.insert(CLASS.to_owned(), element("UI", &identity.class));
            item.insert(INSTANCE.to_owned(), element("UI", &identity.instance));
        }
        self.failed.push(item);
    }

    /// Whether nothing was said of any object.
    pub(super) fn is_empty(&self) -> bool {
        self.stored.is_empty() && self.failed.is_empty()
    }

    /// The status of the answer: all, some or none of the objects was stored.
    pub(super) fn status(&self) -> u16 {
        match (self.stored.is_empty(), self.failed.is_empty()) {
            (false, true) => 200,
            (false, false) => 202,
            (true, false) if self.later => 503,
            (true, false) => 409,
            (true, true) => 400,
        }
    }

    /// The answer as DICOM JSON.
    pub(super) fn body(self) -> Vec<u8> {
        let mut body = json!({});
        if let Some(body) = body.as_object_mut() {
            for (sequence, items) in [(FAILED, self.failed), (STORED, self.stored)] {
                if !items.is_empty() {
                    body.insert(sequence.to_owned(), json!({ "vr": "SQ", "Value": items }));
                }
            }
        }
        body.to_string().into_bytes()
    }
}

fn element(vr: &str, value: &str) -> Value {
    match value.is_empty() {
        true => json!({ "vr": vr }),
        false => json!({ "vr": vr, "Value": [value] }),
    }
}

/// (0008,1197), as PS3.18, table I.2-2, has them.
fn reason_of(fault: &Unpassed) -> u16 {
    match fault {
        Unpassed::Record(fault) if fault.code() == "relay.other_study" => 0x0110,
        Unpassed::Record(_) => 0xc000,
        Unpassed::Residue | Unpassed::Refused => 0x0110,
        Unpassed::Unreachable | Unpassed::Storage => 0xa700,
    }
}

const CLASS: &str = "00081150";
const INSTANCE: &str = "00081155";
const REASON: &str = "00081197";
const FAILED: &str = "00081198";
const STORED: &str = "00081199";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_tells_whether_all_was_stored() {
        let identity = Identity {
            class: "1.2".to_owned(),
            instance: "2.25.7".to_owned(),
            ..Identity::default()
        };
        let mut answer = Answer::default();
        answer.stored(&identity);
        assert_eq!(answer.status(), 200);
        answer.failed(None, &Unpassed::Residue);
        assert_eq!(answer.status(), 202);
        let body: Value = serde_json::from_slice(&answer.body()).unwrap();
        let meant: Value = serde_json::from_str(
            r#"{"00081198":{"Value":[{"00081197":{"Value":[272],"vr":"US"}}],"vr":"SQ"},"00081199":{"Value":[{"00081150":{"Value":["1.2"],"vr":"UI"},"00081155":{"Value":["2.25.7"],"vr":"UI"}}],"vr":"SQ"}}"#,
        )
        .unwrap();
        assert_eq!(body, meant);
        let mut answer = Answer::default();
        answer.failed(Some(&identity), &Unpassed::Unreachable);
        assert_eq!(answer.status(), 503);
        answer.failed(Some(&identity), &Unpassed::Residue);
        assert_eq!(answer.status(), 409);
    }
}
