//! A node from afar: what a command asks a console over HTTPS, as the person who signed in.

mod login_file;

use std::path::{Path, PathBuf};

use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wardgate_gateway::server::tls::client_config;
use wardgate_identity::{Fetch as _, FetchFault};

use crate::failure::Failure;
use crate::wiring::fetch::HttpFetch;

pub(crate) use login_file::Login;

/// Which node, when it is not the one that was signed in to.
#[derive(Debug, Args)]
pub(crate) struct Server {
    /// Address of the console, such as https://wardgate.example.org [default: that of `wardgate login`]
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,

    /// Certificate of the authority that the console's certificate comes from, beside those of the machine
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
}

/// The console of a node, and the token by which it knows the caller.
pub(crate) struct Remote {
    origin: String,
    token: Option<SecretString>,
    fetch: HttpFetch,
}

impl Remote {
    /// The console that was signed in to. `WARDGATE_TOKEN` goes before the file of the login.
    pub(crate) fn signed_in(server: &Server) -> Result<Self, Failure> {
        let from_environment = std::env::var("WARDGATE_TOKEN").ok().map(SecretString::from);
        let login = Login::read()?;
        let of_login = login.as_ref().filter(|login| {
            server
                .server
                .as_ref()
                .is_none_or(|url| same(url, &login.server))
        });
        let url = server
            .server
            .clone()
            .or_else(|| of_login.map(|login| login.server.clone()))
            .ok_or_else(not_signed_in)?;
        let token = from_environment
            .or_else(|| of_login.map(|login| login.token.clone()))
            .ok_or_else(not_signed_in)?;
        let ca = server
            .ca
            .clone()
            .or_else(|| of_login.and_then(|login| login.ca.clone()));
        let mut remote = Self::stranger(&url, ca.as_deref())?;
        remote.token = Some(token);
        Ok(remote)
    }

    /// A console that does not know the caller yet.
    pub(crate) fn stranger(url: &str, ca: Option<&Path>) -> Result<Self, Failure> {
        Ok(Self {
            origin: origin(url)?,
            token: None,
            fetch: HttpFetch::new(client_config(ca)?),
        })
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Makes or does something.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        let body = serde_json::to_vec(body).map_err(|_| unreadable())?;
        parsed(self.ask("POST", path, Some(body)).await?)
    }

    /// Sends one request; the answer as JSON, `null` when there is nothing to say.
    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Value, Failure> {
        match self.answer(method, path, body).await? {
            Answer::Good(value) => Ok(value),
            Answer::Refused(refused) => Err(refused.into()),
        }
    }

    /// Sends one request and tells a refusal apart, for those who expect one.
    pub(crate) async fn answer(
        &self,
        method: &str,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, Failure> {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.origin));
        if let Some(token) = &self.token {
            let bearer = format!("Bearer {}", token.expose_secret());
            request = request.header(http::header::AUTHORIZATION, bearer);
        }
        if body.is_some() {
            request = request.header(http::header::CONTENT_TYPE, "application/json");
        }
        let request = request.body(body.unwrap_or_default()).map_err(|_| {
            Failure::new(
                format!("`{path}` is not a path, or the token is not one"),
                "write the path as `/api/...`; sign in anew with `wardgate login`",
            )
        })?;
        let answer = self
            .fetch
            .fetch(request)
            .await
            .map_err(|fault| self.lost(fault))?;
        let value = if answer.body().is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(answer.body()).map_err(|_| unreadable())?
        };
        if answer.status().is_success() {
            return Ok(Answer::Good(value));
        }
        Ok(Answer::Refused(Refused::read(
            answer.status().as_u16(),
            &value,
        )))
    }

    fn lost(&self, fault: FetchFault) -> Failure {
        Failure::new(
            format!("`{}`: {fault}", self.origin),
            "check the address and that the node runs; for a certificate of your own say `--ca FILE`",
        )
    }
}

/// What a console answered.
#[derive(Debug)]
pub(crate) enum Answer {
    Good(Value),
    Refused(Refused),
}

/// A refusal of a console.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) code: String,
    message: String,
    hint: String,
}

impl Refused {
    fn read(status: u16, body: &Value) -> Self {
        let text = |name: &str| {
            let text = body
                .pointer(&format!("/error/{name}"))
                .and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        Self {
            status,
            code: text("code"),
            message: text("message"),
            hint: text("hint"),
        }
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        if refused.status == 401 {
            return Self::new(
                "the console does not know this token, or its time is over",
                "sign in with `wardgate login`",
            );
        }
        if refused.code == "mfa.step_up_required" {
            return Self::new(
                refused.message,
                "sign in anew with `wardgate login`, which proves who you are, and run this again",
            );
        }
        if refused.code.is_empty() {
            return Self::new(
                format!("the console answered {}", refused.status),
                "check the path against `/api/openapi.json`",
            );
        }
        Self::new(
            format!("{} ({})", refused.message, refused.code),
            refused.hint,
        )
    }
}

fn parsed<T: DeserializeOwned>(value: Value) -> Result<T, Failure> {
    serde_json::from_value(value).map_err(|_| unreadable())
}

fn unreadable() -> Failure {
    Failure::new(
        "the answer of the console can not be read",
        "check that the address is a console of this version",
    )
}

fn not_signed_in() -> Failure {
    Failure::new(
        "nobody is signed in to this console here",
        "run `wardgate login --server URL`",
    )
}

fn same(url: &str, other: &str) -> bool {
    matches!((origin(url), origin(other)), (Ok(one), Ok(two)) if one == two)
}

/// The origin of an address. A token leaves this machine over TLS only.
fn origin(url: &str) -> Result<String, Failure> {
    let parsed = url::Url::parse(url).ok().filter(|parsed| {
        let loopback = match parsed.host() {
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        };
        parsed.scheme() == "https" || (parsed.scheme() == "http" && loopback)
    });
    parsed
        .map(|parsed| parsed.origin().ascii_serialization())
        .ok_or_else(|| {
            Failure::new(
                format!("`{url}` is not the address of a console"),
                "write it as `https://wardgate.example.org`",
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leaves_this_machine_over_tls_only() {
        for url in [
            "http://wardgate.example.org",
            "ftp://x",
            "wardgate.example.org",
            "",
        ] {
            assert!(origin(url).is_err(), "{url}");
        }
        for (url, expected) in [
            (
                "https://Wardgate.example.org/people",
                "https://wardgate.example.org",
            ),
            ("http://127.0.0.1:8444", "http://127.0.0.1:8444"),
        ] {
            assert_eq!(origin(url).ok().as_deref(), Some(expected));
        }
        assert!(same("https://a.example/", "https://a.example:443"));
        assert!(!same("https://a.example", "https://b.example"));
    }
}
