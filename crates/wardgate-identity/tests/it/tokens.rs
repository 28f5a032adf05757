//! Tokens that are right, and tokens that are right but for one thing.

use serde_json::{Value, json};
use wardgate_identity::{
    AccessTokens, Assertion, Grant, PresentedToken, Profile, TokenFault, Typ, verify,
};

use crate::token_signer::{AUDIENCE, Signer, claims, claims_with, now, profile, set};

#[test]
fn every_accepted_algorithm_verifies_with_the_key_it_is_for() {
    let signers = [
        ("RS256", Signer::rsa()),
        ("ES256", Signer::p256()),
        ("ES384", Signer::p384()),
        ("EdDSA", Signer::ed(3)),
    ];
    let keys: Vec<Value> = signers
        .iter()
        .map(|(name, signer)| signer.jwk(name))
        .collect();
    let keys = set(&keys);
    for (algorithm, signer) in &signers {
        let algorithms: &[&str] = match *algorithm {
            "RS256" => &["RS256", "RS384", "PS256"],
            other => &[other],
        };
        for alg in algorithms {
            let token = signer.token(&json!({"alg": alg, "kid": algorithm}), &claims());
            let verified = verify(&token, &profile(), &keys, now()).unwrap();
            assert_eq!(verified.claims.subject(), Some("lind"), "{alg}");
            assert_eq!(verified.expires.as_second(), now().as_second() + 300);
        }
    }
}

#[test]
fn each_claim_that_is_wrong_is_named() {
    let signer = Signer::ed(1);
    let keys = set(&[signer.jwk("a")]);
    let at = now().as_second();
    for (changes, fault) in [
        (
            json!({"iss": "https://evil.example.org"}),
            TokenFault::Issuer,
        ),
        (json!({"iss": null}), TokenFault::Issuer),
        (
            json!({"iss": format!("{}/", "https://ehr.example.org")}),
            TokenFault::Issuer,
        ),
        (
            json!({"aud": "https://other.example.org"}),
            TokenFault::Audience,
        ),
        (json!({"aud": null}), TokenFault::Audience),
        (
            json!({"aud": ["https://other.example.org"]}),
            TokenFault::Audience,
        ),
        (json!({"aud": {"0": AUDIENCE}}), TokenFault::Audience),
        (json!({"exp": at - 60}), TokenFault::Expired),
        (json!({"exp": -9_000_000_000_i64}), TokenFault::Expired),
        (json!({"exp": null}), TokenFault::ClaimMissing),
        (json!({"exp": "tomorrow"}), TokenFault::Malformed),
        (json!({"exp": 1e300}), TokenFault::Malformed),
        (json!({"nbf": at + 61}), TokenFault::NotYet),
        (json!({"iat": at + 61}), TokenFault::NotYet),
        (json!({"exp": at + 3_661}), TokenFault::Lifetime),
        (
            json!({"iat": at - 3_590, "exp": at + 30}),
            TokenFault::Lifetime,
        ),
        (json!({"sub": null}), TokenFault::ClaimMissing),
    ] {
        let token = signer.token(&json!({"alg": "EdDSA", "kid": "a"}), &claims_with(&changes));
        let refused = verify(&token, &profile(), &keys, now()).unwrap_err();
        assert_eq!(refused, fault, "{changes}");
    }
}

#[test]
fn clocks_may_be_a_minute_apart_and_a_token_may_be_for_several() {
    let signer = Signer::ed(1);
    let keys = set(&[signer.jwk("a")]);
    let at = now().as_second();
    for changes in [
        json!({"exp": at - 59}),
        json!({"nbf": at + 60, "iat": at + 60}),
        json!({"aud": ["https://other.example.org", AUDIENCE]}),
        json!({"exp": at as f64 + 0.5}),
    ] {
        let token = signer.token(&json!({"alg": "EdDSA", "kid": "a"}), &claims_with(&changes));
        verify(&token, &profile(), &keys, now())
            .unwrap_or_else(|fault| panic!("{changes}: {fault}"));
    }
}

#[test]
fn types_are_told_apart() {
    let signer = Signer::ed(1);
    let keys = set(&[signer.jwk("a")]);
    for (expected, typ, right) in [
        (Typ::Plain, json!(null), true),
        (Typ::Plain, json!("jwt"), true),
        (Typ::Plain, json!("at+jwt"), false),
        (Typ::Only("at+jwt"), json!("application/at+JWT"), true),
        (Typ::Only("at+jwt"), json!(null), false),
        (Typ::Only("at+jwt"), json!("JWT"), false),
        (Typ::Or("logout+jwt"), json!("logout+jwt"), true),
        (Typ::Or("logout+jwt"), json!("JWT"), true),
        (Typ::Or("logout+jwt"), json!("at+jwt"), false),
    ] {
        let mut header = json!({"alg": "EdDSA", "kid": "a"});
        if !typ.is_null() {
            header["typ"] = typ.clone();
        }
        let profile = Profile {
            typ: expected,
            ..profile()
        };
        let result = verify(&signer.token(&header, &claims()), &profile, &keys, now());
        assert_eq!(result.is_ok(), right, "{expected:?} {typ}");
    }
}

#[test]
fn an_application_proves_itself_with_the_two_algorithms_of_smart() {
    let client = json!({
        "iss": "scheduler", "sub": "scheduler", "aud": "https://gate.example.org/oauth/token",
        "jti": "one", "exp": now().as_second() + 300,
    });
    let (rsa, p384, p256) = (Signer::rsa(), Signer::p384(), Signer::p256());
    let keys = set(&[rsa.jwk("r"), p384.jwk("e"), p256.jwk("p")]);
    let assert = |token: &str, claims: &str| {
        Assertion::verify(
            PresentedToken::parse(token).unwrap(),
            claims,
            "https://gate.example.org/oauth/token",
            &keys,
            now(),
        )
    };
    for (signer, alg, kid) in [(&rsa, "RS384", "r"), (&p384, "ES384", "e")] {
        let token = signer.token(&json!({"alg": alg, "kid": kid, "typ": "JWT"}), &client);
        assert_eq!(assert(&token, "scheduler").unwrap().id, "one");
        assert_eq!(assert(&token, "other").unwrap_err(), TokenFault::Issuer);
    }
    let refused = |signer: &Signer, header: Value, changes: Value| {
        let mut claims = client.clone();
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        assert(&signer.token(&header, &claims), "scheduler").unwrap_err()
    };
    let right = json!({"alg": "RS384", "kid": "r"});
    let at = now().as_second();
    assert_eq!(
        refused(&rsa, json!({"alg": "RS256", "kid": "r"}), json!({})),
        TokenFault::Algorithm
    );
    assert_eq!(
        refused(&p256, json!({"alg": "ES256", "kid": "p"}), json!({})),
        TokenFault::Algorithm
    );
    assert_eq!(
        refused(&rsa, json!({"alg": "RS384"}), json!({})),
        TokenFault::KeyAmbiguous
    );
    assert_eq!(
        refused(&rsa, right.clone(), json!({"sub": "other"})),
        TokenFault::Issuer
    );
    assert_eq!(
        refused(&rsa, right.clone(), json!({"jti": ""})),
        TokenFault::ClaimMissing
    );
    assert_eq!(
        refused(&rsa, right.clone(), json!({"exp": at + 361})),
        TokenFault::Lifetime
    );
    assert_eq!(
        refused(&rsa, right, json!({"aud": "https://gate.example.org"})),
        TokenFault::Audience
    );
}

#[test]
fn an_access_token_of_ours_is_accepted_until_it_expires() {
    let tokens = AccessTokens::new(&[5; 32], "https://gate.example.org").unwrap();
    let scopes = ["wardgate/call".to_owned()];
    let grant = Grant {
        client: "scheduler",
        scopes: &scopes,
        certificate: Some("thumb"),
    };
    let token = tokens.issue(&grant, [1; 16], now());
    let check = |seconds| {
        let later = now() + jiff::SignedDuration::from_secs(seconds);
        tokens.verify(PresentedToken::parse(&token).unwrap(), later)
    };
    let verified = check(0).unwrap();
    assert_eq!(verified.claims.authorised_party(), Some("scheduler"));
    assert_eq!(
        verified.claims.scopes().collect::<Vec<_>>(),
        ["wardgate/call"]
    );
    assert_eq!(verified.claims.bound_certificate(), Some("thumb"));
    assert!(check(359).is_ok());
    assert_eq!(check(360).unwrap_err(), TokenFault::Expired);
    let other = AccessTokens::new(&[6; 32], "https://gate.example.org").unwrap();
    let refused = other.verify(PresentedToken::parse(&token).unwrap(), now());
    assert_eq!(refused.unwrap_err(), TokenFault::KeyUnknown);
    // A foreign verifier finds the public key in the published set.
    let published = tokens.jwks();
    let keys = set(&[published["keys"][0].clone()]);
    let profile = Profile {
        typ: Typ::Only("at+jwt"),
        issuer: AUDIENCE.to_owned(),
        ..profile()
    };
    verify(&token, &profile, &keys, now()).unwrap();
}
