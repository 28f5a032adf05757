//! Attacks on the verifier of tokens, one test each.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::json;
use wardgate_identity::{
    Algorithm, JwkSet, JwksFault, PresentedToken, Profile, TOKEN_BYTES_MAX, TokenFault, Typ, verify,
};

use crate::token_signer::{Signer, b64, claims, claims_with, now, profile, set};

fn refused(token: &str, keys: &JwkSet) -> TokenFault {
    verify(token, &profile(), keys, now()).unwrap_err()
}

#[test]
fn a_token_without_signature_is_refused_however_none_is_written() {
    let keys = set(&[Signer::ed(1).jwk("a")]);
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let header = json!({"alg": alg, "kid": "a"}).to_string();
        let signed = format!(
            "{}.{}",
            b64(header.as_bytes()),
            b64(claims().to_string().as_bytes())
        );
        assert_eq!(refused(&format!("{signed}."), &keys), TokenFault::Malformed);
        assert_eq!(
            refused(&format!("{signed}.AAAA"), &keys),
            TokenFault::Algorithm
        );
        assert_eq!(refused(&signed, &keys), TokenFault::Malformed);
    }
}

#[test]
fn the_public_key_is_no_secret_for_hs256_in_any_encoding() {
    let signer = Signer::rsa();
    let (jwk, keys) = (signer.jwk("a"), set(&[signer.jwk("a")]));
    let der = signer.public_der();
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        STANDARD.encode(&der)
    );
    let modulus = jwk["n"].as_str().unwrap();
    for secret in [
        pem.as_bytes(),
        &der,
        jwk.to_string().as_bytes(),
        modulus.as_bytes(),
    ] {
        for (alg, algorithm) in [
            ("HS256", hmac::HMAC_SHA256),
            ("HS384", hmac::HMAC_SHA384),
            ("HS512", hmac::HMAC_SHA512),
        ] {
            let header = json!({"alg": alg, "kid": "a"}).to_string();
            let signed = format!(
                "{}.{}",
                b64(header.as_bytes()),
                b64(claims().to_string().as_bytes())
            );
            let tag = hmac::sign(&hmac::Key::new(algorithm, secret), signed.as_bytes());
            assert_eq!(
                refused(&format!("{signed}.{}", b64(tag.as_ref())), &keys),
                TokenFault::Algorithm
            );
        }
    }
}

#[test]
fn a_key_is_used_with_no_algorithm_of_another_kind() {
    let (rsa, p256, p384) = (Signer::rsa(), Signer::p256(), Signer::p384());
    let keys = set(&[rsa.jwk("rsa"), p256.jwk("p256"), p384.jwk("p384")]);
    for (signer, alg, kid) in [
        (&p256, "RS256", "p256"),
        (&rsa, "ES256", "rsa"),
        (&p256, "ES384", "p256"),
        (&p384, "ES256", "p384"),
        (&p256, "EdDSA", "p256"),
    ] {
        let token = signer.token(&json!({"alg": alg, "kid": kid}), &claims());
        assert_eq!(
            refused(&token, &keys),
            TokenFault::KeyUnfit,
            "{alg} with {kid}"
        );
    }
    // The right kind, but the signature of another key.
    let token = Signer::p256().token(&json!({"alg": "ES256", "kid": "p256"}), &claims());
    assert_eq!(refused(&token, &keys), TokenFault::Signature);
}

#[test]
fn a_key_kept_for_one_algorithm_is_used_with_no_other() {
    let signer = Signer::rsa();
    let mut jwk = signer.jwk("a");
    jwk["alg"] = json!("PS256");
    let keys = set(&[jwk]);
    let token = signer.token(&json!({"alg": "RS256", "kid": "a"}), &claims());
    assert_eq!(refused(&token, &keys), TokenFault::KeyUnfit);
    let token = signer.token(&json!({"alg": "PS256", "kid": "a"}), &claims());
    verify(&token, &profile(), &keys, now()).unwrap();
}

#[test]
fn an_algorithm_outside_the_profile_is_refused_even_when_the_signature_is_right() {
    let signer = Signer::ed(1);
    let keys = set(&[signer.jwk("a")]);
    let profile = Profile {
        algorithms: Algorithm::SMART.to_vec(),
        ..profile()
    };
    let token = signer.token(&json!({"alg": "EdDSA", "kid": "a"}), &claims());
    assert_eq!(
        verify(&token, &profile, &keys, now()).unwrap_err(),
        TokenFault::Algorithm
    );
}

#[test]
fn a_key_in_the_header_is_never_used_nor_its_address_followed() {
    let (ours, theirs) = (Signer::ed(1), Signer::ed(2));
    let keys = set(&[ours.jwk("a")]);
    for (name, value) in [
        ("jwk", theirs.jwk("a")),
        ("jku", json!("https://evil.example.org/jwks")),
        ("x5u", json!("https://evil.example.org/cert")),
        ("x5c", json!(["MIIB"])),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
    ] {
        let mut header = json!({"alg": "EdDSA", "kid": "a"});
        header[name] = value;
        for signer in [&ours, &theirs] {
            assert_eq!(
                refused(&signer.token(&header, &claims()), &keys),
                TokenFault::Header,
                "{name}"
            );
        }
    }
}

#[test]
fn a_key_name_of_another_issuer_or_an_ambiguous_one_finds_no_key() {
    let (first, second) = (Signer::ed(1), Signer::ed(2));
    let keys = set(&[first.jwk("a")]);
    for kid in ["b", "", "../a", "a\u{0}", "A"] {
        let token = second.token(&json!({"alg": "EdDSA", "kid": kid}), &claims());
        assert_eq!(refused(&token, &keys), TokenFault::KeyUnknown, "{kid}");
    }
    let both = set(&[first.jwk("a"), second.jwk("a")]);
    let token = first.token(&json!({"alg": "EdDSA", "kid": "a"}), &claims());
    assert_eq!(refused(&token, &both), TokenFault::KeyAmbiguous);
    let two = set(&[first.jwk("a"), second.jwk("b")]);
    let unnamed = first.token(&json!({"alg": "EdDSA"}), &claims());
    assert_eq!(refused(&unnamed, &two), TokenFault::KeyAmbiguous);
    verify(&unnamed, &profile(), &keys, now()).unwrap();
}

#[test]
fn a_token_of_one_issuer_is_not_taken_as_one_of_another() {
    let (ehr, other) = (Signer::ed(1), Signer::ed(2));
    let token = other.token(&json!({"alg": "EdDSA", "kid": "a"}), &claims());
    assert_eq!(
        refused(&token, &set(&[ehr.jwk("a")])),
        TokenFault::Signature
    );
    // With the keys of the other one, its claim to be the first is wrong.
    let profile = Profile {
        issuer: "https://other.example.org".to_owned(),
        ..profile()
    };
    let refused = verify(&token, &profile, &set(&[other.jwk("a")]), now()).unwrap_err();
    assert_eq!(refused, TokenFault::Issuer);
}

#[test]
fn an_id_token_is_no_access_token() {
    let signer = Signer::ed(1);
    let keys = set(&[signer.jwk("a")]);
    let typed = Profile {
        typ: Typ::Only("at+jwt"),
        ..profile()
    };
    let id_token = signer.token(
        &json!({"alg": "EdDSA", "kid": "a", "typ": "JWT"}),
        &claims(),
    );
    assert_eq!(
        verify(&id_token, &typed, &keys, now()).unwrap_err(),
        TokenFault::Typ
    );
    // Where a provider gives its access tokens no type of their own, the nonce tells.
    let untyped = Profile {
        forbidden: vec!["nonce", "at_hash"],
        ..profile()
    };
    let claims = claims_with(&json!({"nonce": "n"}));
    let id_token = signer.token(&json!({"alg": "EdDSA", "kid": "a"}), &claims);
    assert_eq!(
        verify(&id_token, &untyped, &keys, now()).unwrap_err(),
        TokenFault::ClaimForbidden
    );
}

#[test]
fn a_claim_or_header_member_that_stands_twice_is_refused() {
    let signer = Signer::ed(1);
    let keys = set(&[signer.jwk("a")]);
    let claims = claims().to_string();
    let twice = claims.replacen('{', r#"{"sub":"admin","#, 1);
    let escaped = claims.replacen('{', r#"{"\u0073ub":"admin","#, 1);
    for claims in [&twice, &escaped] {
        let token = signer.token_of(r#"{"alg":"EdDSA","kid":"a"}"#, claims);
        assert_eq!(refused(&token, &keys), TokenFault::Malformed);
    }
    let token = signer.token_of(r#"{"alg":"none","alg":"EdDSA","kid":"a"}"#, &claims);
    assert_eq!(refused(&token, &keys), TokenFault::Malformed);
}

#[test]
fn a_changed_truncated_oversized_or_nested_token_is_refused() {
    let signer = Signer::p384();
    let keys = set(&[signer.jwk("a")]);
    let token = signer.token(&json!({"alg": "ES384", "kid": "a"}), &claims());
    verify(&token, &profile(), &keys, now()).unwrap();
    for length in 0..token.len() {
        assert!(
            verify(&token[..length], &profile(), &keys, now()).is_err(),
            "{length}"
        );
    }
    for trailing in ["=", ".", " ", "\n", ".e30", "A"] {
        assert!(verify(&format!("{token}{trailing}"), &profile(), &keys, now()).is_err());
    }
    let large = claims_with(&json!({"pad": "x".repeat(TOKEN_BYTES_MAX)}));
    let large = signer.token(&json!({"alg": "ES384", "kid": "a"}), &large);
    assert_eq!(refused(&large, &keys), TokenFault::TooLarge);
    let nested = format!(r#"{{"a":{}1{}}}"#, "[".repeat(2_000), "]".repeat(2_000));
    let nested = signer.token_of(r#"{"alg":"ES384","kid":"a"}"#, &nested);
    assert_eq!(refused(&nested, &keys), TokenFault::Malformed);
}

#[test]
fn an_all_zero_signature_proves_nothing() {
    let signers = [
        ("ES256", Signer::p256(), 64),
        ("ES384", Signer::p384(), 96),
        ("EdDSA", Signer::ed(1), 64),
    ];
    for (alg, signer, length) in signers {
        let token = signer.token(&json!({"alg": alg, "kid": "a"}), &claims());
        let (signed, _) = token.rsplit_once('.').unwrap();
        let zeros = format!("{signed}.{}", b64(&vec![0; length]));
        assert_eq!(
            refused(&zeros, &set(&[signer.jwk("a")])),
            TokenFault::Signature,
            "{alg}"
        );
    }
}

#[test]
fn weak_private_and_foreign_keys_are_never_used() {
    let short = json!({"kty": "RSA", "kid": "a", "n": b64(&[0xff; 128]), "e": "AQAB"});
    let identity = json!({"kty": "RSA", "kid": "a", "n": b64(&[0xff; 256]), "e": "AQ"});
    let encryption = {
        let mut jwk = Signer::p256().jwk("a");
        jwk["use"] = json!("enc");
        jwk
    };
    let signing_only = {
        let mut jwk = Signer::p256().jwk("a");
        jwk["key_ops"] = json!(["sign"]);
        jwk
    };
    let off_length = json!({"kty": "EC", "crv": "P-256", "kid": "a", "x": "AA", "y": "AA"});
    for key in [
        short,
        identity,
        encryption,
        signing_only,
        off_length,
        json!({"kty": "X"}),
    ] {
        let text = json!({"keys": [key]}).to_string();
        assert_eq!(
            JwkSet::parse(text.as_bytes()).unwrap_err(),
            JwksFault::NoneUsable,
            "{text}"
        );
    }
    for private in [
        json!({"kty": "oct", "kid": "a", "k": "c2VjcmV0"}),
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "AA", "d": "AA"}),
    ] {
        let text = json!({"keys": [Signer::ed(1).jwk("b"), private]}).to_string();
        assert_eq!(
            JwkSet::parse(text.as_bytes()).unwrap_err(),
            JwksFault::Private
        );
    }
    let many: Vec<_> = (0..33).map(|id| Signer::ed(id).jwk("a")).collect();
    let text = json!({"keys": many}).to_string();
    assert_eq!(
        JwkSet::parse(text.as_bytes()).unwrap_err(),
        JwksFault::TooMany
    );
    assert_eq!(
        JwkSet::parse(&[b' '; 70_000]).unwrap_err(),
        JwksFault::TooLarge
    );
}

#[test]
fn what_a_token_says_stands_in_no_debug_form_and_no_fault() {
    let signer = Signer::ed(1);
    let keys = set(&[signer.jwk("a")]);
    let claims = claims_with(&json!({"sub": "secret-subject", "patient": "secret-patient"}));
    let token = signer.token(&json!({"alg": "EdDSA", "kid": "a"}), &claims);
    let presented = PresentedToken::parse(&token).unwrap();
    let shown = format!(
        "{presented:?} {:?}",
        verify(&token, &profile(), &keys, now()).unwrap()
    );
    assert!(!shown.contains("secret-"), "{shown}");
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "[A-Za-z0-9_.=-]{0,200}") {
        let _ = PresentedToken::parse(&text);
    }

    #[test]
    fn no_json_makes_the_reader_panic(header in "\\PC{0,60}", claims in "\\PC{0,60}") {
        let text = format!("{}.{}.AA", b64(header.as_bytes()), b64(claims.as_bytes()));
        let _ = PresentedToken::parse(&text);
        let _ = JwkSet::parse(claims.as_bytes());
    }

    #[test]
    fn one_changed_character_is_noticed(at in 0_usize..1_000, to in "[A-Za-z0-9_-]") {
        let signer = Signer::ed(1);
        let keys = set(&[signer.jwk("a")]);
        let token = signer.token(&json!({"alg": "EdDSA", "kid": "a"}), &claims());
        let at = at % token.len();
        let mut changed = token.clone();
        changed.replace_range(at..=at, &to);
        prop_assume!(changed != token);
        prop_assert!(verify(&changed, &profile(), &keys, now()).is_err());
    }
}
