//! Signature version 4 of AWS, for requests with a body and without a query.

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

/// Who signs.
#[derive(Debug)]
pub(super) struct Credentials {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: SecretString,
    /// Of temporary credentials.
    pub(super) session_token: Option<SecretString>,
}

/// What a signature is good for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    pub(super) at: Timestamp,
}

/// A request to be signed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) host: &'a str,
    pub(super) path: &'a str,
    /// Headers beside `host` and those that signing adds; names in lower case.
    pub(super) headers: &'a [(&'a str, &'a str)],
    pub(super) body: &'a [u8],
}

/// The headers that signing adds.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) date: String,
    pub(super) authorization: String,
}

/// Signs a request. All its headers are signed, the session token among them.
pub(super) fn sign(request: Request<'_>, credentials: &Credentials, scope: Scope<'_>) -> Signed {
    let date = scope.at.strftime("%Y%m%dT%H%M%SZ").to_string();
    let day = scope.at.strftime("%Y%m%d").to_string();
    let token = credentials.session_token.as_ref();
    let mut headers = request.headers.to_vec();
    headers.extend([("host", request.host), ("x-amz-date", date.as_str())]);
    headers.extend(token.map(|token| (SESSION_TOKEN, token.expose_secret())));
    headers.sort_unstable();
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");

    let mut canonical = format!("{}\n{}\n\n", request.method, request.path);
    for (name, value) in &headers {
        canonical.push_str(name);
        canonical.push(':');
        canonical.push_str(value.trim());
        canonical.push('\n');
    }
    canonical.push('\n');
    canonical.push_str(&names);
    canonical.push('\n');
    canonical.push_str(&hex(digest(&SHA256, request.body).as_ref()));

    let Scope {
        region, service, ..
    } = scope;
    let area = format!("{day}/{region}/{service}/aws4_request");
    let canonical = hex(digest(&SHA256, canonical.as_bytes()).as_ref());
    let text = format!("{ALGORITHM}\n{date}\n{area}\n{canonical}");
    let secret = format!("AWS4{}", credentials.secret_access_key.expose_secret());
    let key = zeroize::Zeroizing::new(secret.into_bytes());
    let signature = [day.as_str(), region, service, "aws4_request", &text]
        .iter()
        .fold(None, |tag: Option<hmac::Tag>, part| {
            let key = tag.as_ref().map_or(key.as_slice(), hmac::Tag::as_ref);
            Some(hmac::sign(
                &hmac::Key::new(hmac::HMAC_SHA256, key),
                part.as_bytes(),
            ))
        });
    let signature = hex(signature.as_ref().map_or(&[], hmac::Tag::as_ref));
    let authorization = format!(
        "{ALGORITHM} Credential={}/{area}, SignedHeaders={names}, Signature={signature}",
        credentials.access_key_id
    );
    Signed {
        date,
        authorization,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The header that carries the token of temporary credentials.
pub(super) const SESSION_TOKEN: &str = "x-amz-security-token";
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(token: Option<&str>) -> Credentials {
        Credentials {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
            session_token: token.map(SecretString::from),
        }
    }

    fn authorization(request: Request<'_>, token: Option<&str>) -> String {
        let scope = Scope {
            region: "us-east-1",
            service: "service",
            at: "2015-08-30T12:36:00Z".parse().unwrap(),
        };
        let signed = sign(request, &credentials(token), scope);
        assert_eq!(signed.date, "20150830T123600Z");
        signed.authorization
    }

    /// Cases of the suite that AWS publishes.
    #[test]
    fn published_signatures_are_reproduced() {
        let get = Request {
            method: "GET",
            host: "example.amazonaws.com",
            path: "/",
            headers: &[],
            body: b"",
        };
        let post = Request {
            method: "POST",
            ..get
        };
        let hash = "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e";
        let form = Request {
            headers: &[
                ("content-type", "application/x-www-form-urlencoded"),
                ("content-length", "13"),
                ("x-amz-content-sha256", hash),
            ],
            body: b"Param1=value1",
            ..post
        };
        let token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
        for (request, token, names, signature) in [
            (
                get,
                None,
                "host;x-amz-date",
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                post,
                None,
                "host;x-amz-date",
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
            (
                get,
                Some(token),
                "host;x-amz-date;x-amz-security-token",
                "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
            ),
            (
                form,
                None,
                "content-length;content-type;host;x-amz-content-sha256;x-amz-date",
                "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
            ),
        ] {
            assert_eq!(
                authorization(request, token),
                format!(
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                     SignedHeaders={names}, Signature={signature}"
                )
            );
        }
    }
}
