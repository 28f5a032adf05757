//! What stands before every handler: whose page sent a request, how long it may take, and what
//! becomes of one that breaks.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use crate::Parts;
use crate::caller::identify;
use crate::denials::Denials;
use crate::fhir::Outcome;
use crate::frame::{Frame, refusal_page};
use crate::refusal::Refusal;
use crate::return_to;

/// Refuses what a page of somebody else may have sent (CSRF).
///
/// A request that changes something and comes from a browser names the page it comes from:
/// `Origin` must be this console. Only programs, which send no cookie, need not name one, and
/// only where programs are served.
pub(crate) async fn own_pages_only(
    State(parts): State<Parts>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    match judge(
        request.method(),
        path,
        request.headers(),
        &parts.settings.origin,
    ) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

fn judge(method: &Method, path: &str, headers: &HeaderMap, own: &str) -> Result<(), Refusal> {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let foreign = || {
        Refusal::new(
            StatusCode::FORBIDDEN,
            "request.foreign_origin",
            "this request does not come from a page of this console",
            "open the page on the console and send it from there",
        )
    };
    let origin = headers.get(header::ORIGIN).map(|value| value.as_bytes());
    let needed = !for_programs(path) || headers.contains_key(header::COOKIE);
    match origin {
        Some(origin) if origin == own.as_bytes() => {}
        None if !needed => {}
        _ => return Err(foreign()),
    }
    if headers
        .get("sec-fetch-site")
        .is_some_and(|site| site != "same-origin")
    {
        return Err(foreign());
    }
    match headers.get(header::CONTENT_TYPE) {
        Some(kind) if !is_taken(kind.as_bytes()) => Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "request.media_type",
            "this media type is not taken here",
            "send JSON, or the form of the page",
        )),
        _ => Ok(()),
    }
}

/// The types that another site's page can send without asking are not among these, but the one
/// of our own forms.
fn is_taken(kind: &[u8]) -> bool {
    let essence = kind.split(|byte| *byte == b';').next().unwrap_or_default();
    let essence = essence.trim_ascii().to_ascii_lowercase();
    MEDIA_TYPES.iter().any(|taken| taken.as_bytes() == essence)
}

const MEDIA_TYPES: [&str; 7] = [
    "application/fhir+json",
    "application/fhir+ndjson",
    "application/json",
    "application/ndjson",
    "application/scim+json",
    "application/x-ndjson",
    "application/x-www-form-urlencoded",
];

/// Whether a path is for programs, which are told in JSON and need no page.
pub(crate) fn for_programs(path: &str) -> bool {
    let parts = [
        "/api/",
        "/fhir/",
        "/oauth/",
        "/scim/",
        "/sso/",
        "/.well-known/",
    ];
    path == "/fhir" || parts.iter().any(|prefix| path.starts_with(prefix))
}

/// Lets a request take only so long, and ends it in order when its handler breaks. A handler goes
/// on when its browser goes away: what it began is finished or undone, never left half told.
pub(crate) async fn bounded(request: Request, next: Next) -> Response {
    let mut handling = tokio::spawn(next.run(request));
    match tokio::time::timeout(REQUEST_TIMEOUT, &mut handling).await {
        Ok(Ok(response)) => response,
        Ok(Err(broken)) => {
            tracing::error!(
                panicked = broken.is_panic(),
                "a request to the console broke off"
            );
            Refusal::internal().into_response()
        }
        Err(_) => {
            handling.abort();
            Refusal::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "console.too_slow",
                "this took too long and was given up",
                "try again in a moment",
            )
            .into_response()
        }
    }
}

/// Gives a refusal the form that suits who asked: JSON to programs, a page to people; a person
/// whose proof is too old is led to where it is renewed. Refusals of the framework become ours.
/// What the policies denied is told to the ledger.
pub(crate) async fn dress(
    State((parts, denials)): State<(Parts, Arc<Denials>)>,
    request: Request,
    next: Next,
) -> Response {
    let uri = request.uri().clone();
    let get = request.method() == Method::GET;
    let head = request.headers().clone();
    let response = next.run(request).await;
    let Some(refusal) = refusal_of(&response) else {
        return response;
    };
    if let Some(denial) = refusal.denial.clone() {
        denials.tell(denial, &parts.store, (parts.clock)()).await;
    }
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut dressed = if uri.path() == "/fhir" || uri.path().starts_with("/fhir/") {
        Outcome::from(refusal).into_response()
    } else if for_programs(uri.path()) || asks_for_json(&head) {
        refusal.into_response()
    } else if &*refusal.code == STEP_UP {
        // A form is sent again by hand: what it would do was not done.
        let back = if get { path } else { uri.path() };
        Redirect::to(&return_to::by_way_of("/step-up", back)).into_response()
    } else {
        let caller = identify(&parts, &head).await.ok();
        let frame = Frame::of(&parts, caller.as_ref(), "Not done", uri.path());
        refusal_page(frame, &refusal)
    };
    if let Some(allow) = response.headers().get(header::ALLOW) {
        dressed.headers_mut().insert(header::ALLOW, allow.clone());
    }
    dressed
}

/// Whether the script of a page asks, which shows what it is told itself.
fn asks_for_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .is_some_and(|kind| kind == "application/json")
}

fn refusal_of(response: &Response<Body>) -> Option<Refusal> {
    if let Some(refusal) = response.extensions().get::<Refusal>() {
        return Some(refusal.clone());
    }
    let status = response.status();
    let dressed = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| !kind.as_bytes().starts_with(b"text/plain"));
    if dressed || !(status.is_client_error() || status.is_server_error()) {
        return None;
    }
    Some(match status {
        StatusCode::NOT_FOUND => Refusal::no_such_page(),
        StatusCode::METHOD_NOT_ALLOWED => Refusal::new(
            status,
            "request.method",
            "this page does not take this method",
            "see the header `Allow`",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::new(
            status,
            "request.too_large",
            "the request is larger than is read here",
            "send less at once",
        ),
        status if status.is_server_error() => Refusal::internal(),
        status => Refusal::new(
            status,
            "request.invalid",
            "the request can not be read",
            "go back to the page and fill in the form again",
        ),
    })
}

/// The code of a refusal that a new proof of identity ends.
pub(crate) const STEP_UP: &str = "mfa.step_up_required";
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "https://console.example.org";

    fn judged(method: Method, path: &str, headers: &[(&str, &str)]) -> Result<(), Refusal> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: header::HeaderName = name.parse().unwrap();
            map.append(name, value.parse().unwrap());
        }
        judge(&method, path, &map, OWN)
    }

    #[test]
    fn a_change_needs_a_page_of_this_console() {
        let own = ("origin", OWN);
        assert!(
            judged(
                Method::GET,
                "/people",
                &[("origin", "https://evil.example")]
            )
            .is_ok()
        );
        assert!(judged(Method::POST, "/people", &[own]).is_ok());
        for headers in [
            &[][..],
            &[("origin", "null")],
            &[("origin", "https://evil.example")],
            &[("origin", "https://console.example.org.evil.example")],
            &[("origin", "http://console.example.org")],
            &[("origin", "https://console.example.org:8444")],
            &[own, ("sec-fetch-site", "cross-site")],
            &[own, ("sec-fetch-site", "same-site")],
        ] {
            let refusal = judged(Method::POST, "/people", headers).unwrap_err();
            assert_eq!(&*refusal.code, "request.foreign_origin", "{headers:?}");
        }
    }

    #[test]
    fn a_program_needs_no_page_unless_it_sends_a_cookie() {
        assert!(judged(Method::POST, "/api/keys", &[]).is_ok());
        assert!(judged(Method::POST, "/api/keys", &[("cookie", "a=b")]).is_err());
        assert!(
            judged(
                Method::DELETE,
                "/api/keys",
                &[("cookie", "a=b"), ("origin", OWN)]
            )
            .is_ok()
        );
        assert!(
            judged(
                Method::POST,
                "/api/keys",
                &[("origin", "https://evil.example")]
            )
            .is_err()
        );
    }

    #[test]
    fn what_a_foreign_form_can_send_is_not_taken() {
        for kind in [
            "text/plain",
            "multipart/form-data; boundary=x",
            "text/plain;application/json",
        ] {
            let headers = [("origin", OWN), ("content-type", kind)];
            let refusal = judged(Method::POST, "/api/keys", &headers).unwrap_err();
            assert_eq!(refusal.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
        }
        let headers = [
            ("origin", OWN),
            ("content-type", "Application/JSON; charset=utf-8"),
        ];
        assert!(judged(Method::POST, "/api/keys", &headers).is_ok());
    }
}
