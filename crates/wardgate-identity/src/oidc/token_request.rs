//! The second half of a sign-in: a code is exchanged for an ID token.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::{Discovery, OidcFault};

/// How this node proves to a provider which client it is.
#[derive(Clone)]
pub enum ClientProof {
    /// A secret that both know: `client_secret_basic`.
    Secret(SecretString),
    /// A key that only this node has: `private_key_jwt`.
    Key {
        /// How it signs.
        algorithm: Algorithm,
        /// The key.
        key: EncodingKey,
    },
}

impl std::fmt::Debug for ClientProof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Secret(_) => "ClientProof::Secret(..)",
            Self::Key { .. } => "ClientProof::Key(..)",
        })
    }
}

impl ClientProof {
    /// Reads a private key on P-256 or P-384 in PKCS #8 PEM.
    ///
    /// # Errors
    /// When it is none of them.
    pub fn of_pem(pem: &str) -> Result<Self, OidcFault> {
        let (_, rest) = pem.split_once(PEM_BEGIN).ok_or(OidcFault::ClientKey)?;
        let (body, _) = rest.split_once(PEM_END).ok_or(OidcFault::ClientKey)?;
        let text: Zeroizing<String> =
            Zeroizing::new(body.chars().filter(|char| !char.is_whitespace()).collect());
        let der = STANDARD.decode(text.as_bytes()).map(Zeroizing::new);
        let key = EncodingKey::from_ec_der(&der.map_err(|_| OidcFault::ClientKey)?);
        // Only the curve that a key is of signs.
        [Algorithm::ES256, Algorithm::ES384]
            .into_iter()
            .find(|algorithm| jsonwebtoken::encode(&Header::new(*algorithm), &(), &key).is_ok())
            .map(|algorithm| Self::Key { algorithm, key })
            .ok_or(OidcFault::ClientKey)
    }
}

#[derive(Serialize)]
struct Assertion<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    jti: &'a str,
    iat: i64,
    exp: i64,
}

/// The request that exchanges a code. `jti` names the assertion when the client proves itself by one.
///
/// # Errors
/// When the client key cannot sign.
pub fn token_request(
    discovery: &Discovery,
    (client_id, proof): (&str, &ClientProof),
    (code, verifier, redirect_uri): (&str, &str, &str),
    jti: &str,
    now: Timestamp,
) -> Result<http::Request<Vec<u8>>, OidcFault> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code")
        .append_pair("code", code)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("code_verifier", verifier);
    let mut request = http::Request::post(discovery.token_endpoint.as_str())
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "application/json");
    match proof {
        ClientProof::Secret(secret) => {
            // RFC 6749, 2.3.1: both are form-encoded before they are joined.
            let encode =
                |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let pair = format!("{}:{}", encode(client_id), encode(secret.expose_secret()));
            let mut value = http::HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair)))
                .map_err(|_| OidcFault::ClientKey)?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        ClientProof::Key { algorithm, key } => {
            let claims = Assertion {
                iss: client_id,
                sub: client_id,
                aud: &discovery.issuer,
                jti,
                iat: now.as_second(),
                exp: now.as_second() + ASSERTION_S,
            };
            let assertion = jsonwebtoken::encode(&Header::new(*algorithm), &claims, key)
                .map_err(|_| OidcFault::ClientKey)?;
            form.append_pair("client_id", client_id)
                .append_pair("client_assertion_type", ASSERTION_TYPE)
                .append_pair("client_assertion", &assertion);
        }
    }
    request
        .body(form.finish().into_bytes())
        .map_err(|_| OidcFault::DiscoveryUnreadable)
}

/// What a provider gave for a code.
#[derive(Debug)]
pub struct TokenAnswer {
    /// The signed statement of who signed in.
    pub id_token: SecretString,
    /// What would open the provider's own interfaces. Only its hash is looked at.
    pub access_token: Option<SecretString>,
}

impl TokenAnswer {
    /// Reads the provider's answer.
    ///
    /// # Errors
    /// When it refuses, or its answer holds no ID token.
    pub fn parse(answer: &http::Response<Vec<u8>>) -> Result<Self, OidcFault> {
        #[derive(Deserialize)]
        struct Body {
            id_token: Option<String>,
            access_token: Option<String>,
        }
        if !answer.status().is_success() {
            return Err(OidcFault::CodeRefused);
        }
        let body: Body = serde_json::from_slice(answer.body()).map_err(|_| OidcFault::NoIdToken)?;
        Ok(Self {
            id_token: body.id_token.ok_or(OidcFault::NoIdToken)?.into(),
            access_token: body.access_token.map(SecretString::from),
        })
    }
}

/// How long an assertion of this client is valid.
const ASSERTION_S: i64 = 60;
const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    };
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn discovery() -> Discovery {
        Discovery {
            issuer: "https://id.example.org".to_owned(),
            authorization_endpoint: "https://id.example.org/authorize".parse().unwrap(),
            token_endpoint: "https://id.example.org/token".to_owned(),
            jwks_uri: "https://id.example.org/jwks".to_owned(),
            names_itself: true,
        }
    }

    fn form(request: &http::Request<Vec<u8>>) -> Vec<(String, String)> {
        form_urlencoded::parse(request.body())
            .into_owned()
            .collect()
    }

    #[test]
    fn a_secret_goes_into_the_header_encoded_and_never_into_the_form() {
        let proof = ClientProof::Secret(SecretString::from("a:b c"));
        let request = token_request(
            &discovery(),
            ("ward gate", &proof),
            (
                "the-code",
                "the-verifier",
                "https://c.example.org/sso/x/callback",
            ),
            "j",
            Timestamp::UNIX_EPOCH,
        )
        .unwrap();
        let expected = format!("Basic {}", STANDARD.encode("ward+gate:a%3Ab+c"));
        let header = request.headers().get(AUTHORIZATION).unwrap();
        assert_eq!(header.to_str().unwrap(), expected);
        assert!(header.is_sensitive());
        let form = form(&request);
        assert!(form.contains(&("code_verifier".to_owned(), "the-verifier".to_owned())));
        assert!(!form.iter().any(|(name, _)| name == "client_secret"));
        assert!(!format!("{proof:?}").contains("a:b"));
    }

    #[test]
    fn a_key_signs_an_assertion_for_the_issuer_alone() {
        let algorithms = [
            (&ECDSA_P256_SHA256_FIXED_SIGNING, "ES256"),
            (&ECDSA_P384_SHA384_FIXED_SIGNING, "ES384"),
        ];
        for (curve, algorithm) in algorithms {
            let pair = EcdsaKeyPair::generate(curve).unwrap();
            let pkcs8 = pair.to_pkcs8v1().unwrap();
            let pem = format!(
                "{PEM_BEGIN}\n{}\n{PEM_END}\n",
                STANDARD.encode(pkcs8.as_ref())
            );
            let proof = ClientProof::of_pem(&pem).unwrap();
            let request = token_request(
                &discovery(),
                ("wardgate", &proof),
                ("c", "v", "r"),
                "j-9",
                Timestamp::from_second(1_795_000_000).unwrap(),
            )
            .unwrap();
            assert!(!request.headers().contains_key(AUTHORIZATION));
            let form = form(&request);
            let assertion = form.iter().find(|(name, _)| name == "client_assertion");
            let parts: Vec<serde_json::Value> = assertion
                .unwrap()
                .1
                .split('.')
                .take(2)
                .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
                .collect();
            assert_eq!(parts[0]["alg"], algorithm);
            assert_eq!(parts[1]["aud"], "https://id.example.org");
            assert_eq!(parts[1]["jti"], "j-9");
            assert_eq!(parts[1]["exp"], 1_795_000_060);
        }
        assert_eq!(
            ClientProof::of_pem("no key").map(|_| ()),
            Err(OidcFault::ClientKey)
        );
    }

    #[test]
    fn a_refusal_and_an_answer_without_an_id_token_are_told_apart() {
        let answer = |status: u16, body: &str| {
            let answer = http::Response::builder().status(status);
            TokenAnswer::parse(&answer.body(body.as_bytes().to_vec()).unwrap()).map(|_| ())
        };
        assert_eq!(
            answer(200, r#"{"id_token":"x","access_token":"y"}"#),
            Ok(())
        );
        assert_eq!(
            answer(400, r#"{"error":"invalid_grant"}"#),
            Err(OidcFault::CodeRefused)
        );
        assert_eq!(
            answer(302, r#"{"id_token":"x"}"#),
            Err(OidcFault::CodeRefused)
        );
        assert_eq!(
            answer(200, r#"{"access_token":"y"}"#),
            Err(OidcFault::NoIdToken)
        );
        assert_eq!(answer(200, "<html>"), Err(OidcFault::NoIdToken));
    }
}
