//! How strong the proof behind a token of a person is, from what their provider says of it.

use std::collections::BTreeMap;

use crate::claims::Claims;

/// The level of the proof: 0 none told, 1 one factor, 2 two factors, 3 phishing-resistant.
///
/// What the hospital decided about an `acr` value counts first; without that, the methods of RFC
/// 8176 in `amr`. A method that is not known proves nothing.
#[must_use]
pub fn mfa_level(claims: &Claims, acr_levels: &BTreeMap<String, u8>) -> u8 {
    if let Some(level) = claims.acr().and_then(|acr| acr_levels.get(acr)) {
        return (*level).min(LEVEL_MAX);
    }
    let methods = claims.amr();
    let any = |of: &[&str]| methods.iter().any(|method| of.contains(method));
    let factors = [KNOWLEDGE, POSSESSION, INHERENCE]
        .into_iter()
        .filter(|of| any(of))
        .count();
    match factors {
        _ if any(RESISTANT) => 3,
        2.. => 2,
        _ if any(&["mfa"]) => 2,
        1 => 1,
        _ => 0,
    }
}

const LEVEL_MAX: u8 = 3;
/// A key that signs for one origin only and asks for its user.
const RESISTANT: &[&str] = &["fido", "phr", "phrh", "passkey"];
const KNOWLEDGE: &[&str] = &["pwd", "pin", "kba"];
const POSSESSION: &[&str] = &["otp", "hwk", "swk", "sc", "sms", "tel"];
const INHERENCE: &[&str] = &["fpt", "face", "iris", "retina", "vbm"];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn methods_and_classes_become_levels() {
        let acr_levels = BTreeMap::from([("urn:hospital:loa3".to_owned(), 3)]);
        for (claims, level) in [
            (json!({}), 0),
            (json!({"amr": ["made-up"]}), 0),
            (json!({"amr": ["pwd"]}), 1),
            (json!({"amr": ["pwd", "pin"]}), 1),
            (json!({"amr": ["pwd", "otp"]}), 2),
            (json!({"amr": ["mfa"]}), 2),
            (json!({"amr": ["fido"]}), 3),
            (json!({"acr": "urn:hospital:loa3"}), 3),
            (json!({"acr": "3", "amr": ["pwd"]}), 1),
        ] {
            let serde_json::Value::Object(members) = claims.clone() else {
                unreachable!()
            };
            assert_eq!(mfa_level(&Claims(members), &acr_levels), level, "{claims}");
        }
    }
}
