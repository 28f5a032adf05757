//! How a route of the interface is declared: its place, its operation and its words in one value,
//! so that router and document can not differ and no route can forget to ask.

use std::future::Future;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRequest as _, FromRequestParts as _, RawPathParams, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;
use wardgate_authz::{Allowed, Operation, Target};

use super::document::{Described, Documented};
use crate::Parts;
use crate::allow::allow;
use crate::caller::Caller;
use crate::refusal::Refusal;

/// One route: what it is, in words and types.
#[derive(Clone)]
pub(crate) struct Route {
    pub(super) verb: Verb,
    pub(super) path: &'static str,
    /// None where nobody need be known, such as where one signs in.
    pub(super) operation: Option<Operation>,
    pub(super) summary: &'static str,
    pub(super) query: Vec<(&'static str, &'static str)>,
    pub(super) takes: Option<Documented>,
    pub(super) gives: Option<Documented>,
    pub(super) status: StatusCode,
}

/// What a route does to what it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Put,
    Delete,
}

impl Route {
    /// Reads something.
    pub(crate) fn get(path: &'static str, operation: Operation, summary: &'static str) -> Self {
        Self::new(Verb::Get, path, Some(operation), summary)
    }

    /// Makes or does something.
    pub(crate) fn post(path: &'static str, operation: Operation, summary: &'static str) -> Self {
        Self::new(Verb::Post, path, Some(operation), summary)
    }

    /// Sets something.
    pub(crate) fn put(path: &'static str, operation: Operation, summary: &'static str) -> Self {
        Self::new(Verb::Put, path, Some(operation), summary)
    }

    /// Ends something.
    pub(crate) fn delete(path: &'static str, operation: Operation, summary: &'static str) -> Self {
        Self::new(Verb::Delete, path, Some(operation), summary)
    }

    /// Does something for somebody who is not known yet.
    pub(super) fn open(path: &'static str, summary: &'static str) -> Self {
        Self::new(Verb::Post, path, None, summary)
    }

    fn new(
        verb: Verb,
        path: &'static str,
        operation: Option<Operation>,
        summary: &'static str,
    ) -> Self {
        Self {
            verb,
            path,
            operation,
            summary,
            query: Vec::new(),
            takes: None,
            gives: None,
            status: StatusCode::NO_CONTENT,
        }
    }

    /// A parameter of the query, which may be left out.
    pub(crate) fn query(mut self, name: &'static str, meaning: &'static str) -> Self {
        self.query.push((name, meaning));
        self
    }

    /// The body that it takes.
    pub(crate) fn takes<T: ToSchema>(mut self) -> Self {
        self.takes = Some(Documented::of::<T>());
        self
    }

    /// What it answers with.
    pub(crate) fn gives<T: ToSchema>(mut self) -> Self {
        self.gives = Some(Documented::of::<T>());
        self.status = StatusCode::OK;
        self
    }

    /// What it answers with once it has made something.
    pub(crate) fn makes<T: ToSchema>(mut self) -> Self {
        self = self.gives::<T>();
        self.status = StatusCode::CREATED;
        self
    }
}

/// Routes with their descriptions.
#[derive(Default)]
pub(crate) struct Api {
    pub(super) router: Router<Parts>,
    pub(super) described: Described,
}

impl Api {
    /// Adds a route. What it does is one function, which can not answer without having asked.
    pub(crate) fn route<H, F>(mut self, route: Route, handler: H) -> Self
    where
        H: Fn(Ask) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Result<Answer, Refusal>> + Send + 'static,
    {
        self.described.add(&route);
        let (path, status) = (route.path, route.status);
        // A route without an operation is never reached this way.
        let Some(operation) = route.operation else {
            return self;
        };
        let filter = match route.verb {
            Verb::Get => MethodFilter::GET,
            Verb::Post => MethodFilter::POST,
            Verb::Put => MethodFilter::PUT,
            Verb::Delete => MethodFilter::DELETE,
        };
        let answer = move |State(parts): State<Parts>, request: Request| {
            let handler = handler.clone();
            async move {
                let answer = handler(Ask::read(parts, operation, request).await?).await?;
                answer.into_response(operation, status)
            }
        };
        self.router = self.router.route(path, on(filter, answer));
        self
    }

    /// Adds a route for somebody who is not known yet.
    pub(super) fn open(mut self, route: Route, handler: MethodRouter<Parts>) -> Self {
        self.described.add(&route);
        self.router = self.router.route(route.path, handler);
        self
    }

    /// The routes of both.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.described.merge(other.described);
        self
    }
}

/// A request to a route: who asks, and for what.
pub(crate) struct Ask {
    pub(crate) parts: Parts,
    pub(crate) caller: Caller,
    operation: Operation,
    path: Vec<(String, String)>,
    query: String,
    head: HeaderMap,
    body: Bytes,
}

impl Ask {
    async fn read(parts: Parts, operation: Operation, request: Request) -> Result<Self, Refusal> {
        let (mut head, body) = request.into_parts();
        let caller = Caller::from_request_parts(&mut head, &parts).await?;
        let path = RawPathParams::from_request_parts(&mut head, &parts)
            .await
            .map_err(|_| Refusal::unreadable("the path is not readable"))?;
        let path = path
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let query = head.uri.query().unwrap_or_default().to_owned();
        let headers = head.headers.clone();
        let body = Bytes::from_request(Request::from_parts(head, body), &parts)
            .await
            .map_err(|_| {
                Refusal::new(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "request.too_large",
                    "the request is larger than is read here, or broke off",
                    "send less at once",
                )
            })?;
        Ok(Self {
            parts,
            caller,
            operation,
            path,
            query,
            head: headers,
            body,
        })
    }

    /// Asks whether the caller may do what the route is declared to do, to this target.
    pub(crate) fn allow(&self, target: &Target<'_>) -> Result<Allowed, Refusal> {
        allow(&self.parts, &self.caller, self.operation, target)
    }

    /// A part of the path that the route names.
    pub(crate) fn path(&self, name: &str) -> &str {
        let found = self.path.iter().find(|(have, _)| have == name);
        found.map_or("", |(_, value)| value)
    }

    /// The parameters of the query.
    pub(crate) fn query<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let uri = format!("/?{}", self.query);
        let unreadable = || Refusal::unreadable("a parameter of the query is not as it should be");
        let uri = uri.parse().map_err(|_| unreadable())?;
        axum::extract::Query::try_from_uri(&uri)
            .map(|axum::extract::Query(query)| query)
            .map_err(|_| unreadable())
    }

    /// The body.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let kind = self.head.get(header::CONTENT_TYPE);
        let json = kind.is_some_and(|kind| {
            let essence = kind.as_bytes().split(|byte| *byte == b';').next();
            essence
                .unwrap_or_default()
                .trim_ascii()
                .eq_ignore_ascii_case(b"application/json")
        });
        if !json {
            return Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "request.media_type",
                "this takes JSON only",
                "send `Content-Type: application/json`",
            ));
        }
        // What stands in the body is not repeated: it may be anybody's.
        serde_json::from_slice(&self.body).map_err(|fault| {
            Refusal::unreadable(format!(
                "the body is not what is asked for, from line {} column {}",
                fault.line(),
                fault.column()
            ))
        })
    }

    /// What time it is.
    pub(crate) fn now(&self) -> jiff::Timestamp {
        (self.parts.clock)()
    }
}

/// What a route answers: it can not be made without the proof that somebody was allowed to ask.
pub(crate) struct Answer {
    allowed: Allowed,
    body: Option<Result<Vec<u8>, serde_json::Error>>,
}

impl Answer {
    /// Answers with a value.
    pub(crate) fn of<T: Serialize>(allowed: Allowed, value: &T) -> Self {
        Self {
            allowed,
            body: Some(serde_json::to_vec(value)),
        }
    }

    /// It is done, and there is nothing to say.
    pub(crate) fn done(allowed: Allowed) -> Self {
        Self {
            allowed,
            body: None,
        }
    }

    fn into_response(self, operation: Operation, status: StatusCode) -> Result<Response, Refusal> {
        if self.allowed.operation() != operation {
            let (asked, declared) = (self.allowed.operation().word(), operation.word());
            tracing::error!(
                asked,
                declared,
                "a route asked for another operation than it does"
            );
            return Err(Refusal::internal());
        }
        match self.body {
            None => Ok(StatusCode::NO_CONTENT.into_response()),
            Some(Ok(body)) => {
                let json = [(header::CONTENT_TYPE, "application/json")];
                Ok((status, json, body).into_response())
            }
            Some(Err(error)) => {
                tracing::error!(%error, "an answer could not be written");
                Err(Refusal::internal())
            }
        }
    }
}
