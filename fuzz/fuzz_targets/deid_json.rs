//! Masking a JSON body: the body stays JSON of the same shape, what is not text stays byte for byte,
//! no known identifier is left, and restoring gives every string back.

#![no_main]

use std::ops::Range;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use wardgate_deid::json::{Limits, Path, Visitor, scan, unescape};
use wardgate_deid::{
    Deidentifier, Engine, JsonPart, KnownIdentifiers, PatientIdentifiers, PersonName,
    PlaceholderKey, Treat,
};

static ENGINE: LazyLock<Engine> = LazyLock::new(Engine::new);
static KNOWN: LazyLock<KnownIdentifiers> = LazyLock::new(|| {
    let mut patient = PatientIdentifiers::default();
    patient.names.push(PersonName {
        given: vec!["Maren".into()],
        family: "Linholm".into(),
    });
    patient.record_numbers.push("MRN-00834417".into());
    KnownIdentifiers::compile(&patient)
});
static KEY: LazyLock<PlaceholderKey> = LazyLock::new(|| PlaceholderKey::new([7; 32]));

/// Everything a body holds, in order.
#[derive(Default)]
struct Values {
    strings: Vec<Range<usize>>,
    /// Of each string, whether it is read as JSON.
    nested: Vec<bool>,
    others: Vec<Range<usize>>,
    parts: Vec<JsonPart>,
}

impl Visitor for Values {
    fn string(&mut self, path: &Path<'_>, at: Range<usize>) {
        let nested = path.is(&["arguments"]);
        let treat = if nested {
            Treat::NestedJson
        } else {
            Treat::Text
        };
        self.parts.push(JsonPart {
            at: at.clone(),
            treat,
        });
        self.strings.push(at);
        self.nested.push(nested);
    }

    fn number(&mut self, _: &Path<'_>, at: Range<usize>) {
        self.parts.push(JsonPart {
            at: at.clone(),
            treat: Treat::CheckNumber,
        });
        self.others.push(at);
    }

    fn key(&mut self, _: &Path<'_>, at: Range<usize>) {
        self.parts.push(JsonPart {
            at: at.clone(),
            treat: Treat::CheckKey,
        });
        self.others.push(at);
    }
}

fn values(body: &[u8]) -> Option<Values> {
    let mut values = Values::default();
    scan(body, &Limits::default(), &mut values)
        .ok()
        .map(|()| values)
}

fuzz_target!(|body: &[u8]| {
    let Some(before) = values(body) else { return };
    let call = Deidentifier::new(&ENGINE, &KEY, Some(&KNOWN));
    let Ok(masked) = call.json([1; 32], body, &before.parts) else {
        return;
    };
    assert_eq!(masked.call(), [1; 32]);
    let (out, map) = masked.into_parts();
    let after = values(&out).expect("a masked body is JSON");

    assert_eq!(before.strings.len(), after.strings.len());
    assert_eq!(before.others.len(), after.others.len());
    for (was, is) in before.others.iter().zip(&after.others) {
        assert_eq!(body[was.clone()], out[is.clone()]);
    }
    let strings = before.strings.iter().zip(&before.nested);
    for ((was, nested), is) in strings.zip(&after.strings) {
        let was = unescape(&body[was.clone()]).expect("scanned");
        let is = unescape(&out[is.clone()]).expect("scanned");
        assert!(!is.contains("MRN-00834417"));
        let restored = map.restore(&is);
        if *nested && restored != was {
            // Within JSON, what was masked may come back with other escapes: `/` for `\/`.
            let [restored, was] = [&restored, &was].map(|text| serde_json::from_str::<Value>(text));
            assert_eq!(restored.expect("still JSON"), was.expect("read as JSON"));
        } else {
            assert_eq!(restored, was);
        }
    }
});
