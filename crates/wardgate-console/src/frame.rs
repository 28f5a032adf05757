//! What every page has around its content: title, ways to go, alerts.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use wardgate_authz::{Operation, Target};

use crate::allow::may;
use crate::caller::{Caller, Named};
use crate::emergency::Awaiting;
use crate::refusal::Refusal;
use crate::{Parts, assets};

/// The frame of one page; templates extend `base.html` and hold it as `frame`.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) title: String,
    /// Who is signed in.
    pub(crate) person: Option<String>,
    pub(crate) links: Vec<Link>,
    pub(crate) alerts: Vec<Alert>,
    /// Whether the page is one short form.
    pub(crate) narrow: bool,
}

/// A way to go.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) path: &'static str,
    pub(crate) label: &'static str,
    pub(crate) current: bool,
}

/// Something that everybody who sees it must know of.
#[derive(Debug)]
pub(crate) struct Alert {
    /// `warn` or `bad`.
    pub(crate) grade: &'static str,
    pub(crate) text: String,
    pub(crate) path: Option<&'static str>,
    pub(crate) link: &'static str,
}

impl Frame {
    /// The frame of a page for somebody, or for nobody yet. `path` is the page's own.
    pub(crate) fn of(parts: &Parts, caller: Option<&Caller>, title: &str, path: &str) -> Self {
        let person = caller.and_then(|caller| match &caller.who {
            Named::Person { id, .. } => Some(id.clone()),
            Named::App { .. } => None,
        });
        let links = caller.map_or_else(Vec::new, |caller| links(parts, caller, path));
        let alerts = caller.and_then(|caller| emergencies(parts, caller));
        let alerts = alerts.into_iter().collect();
        Self {
            title: title.to_owned(),
            person,
            links,
            alerts,
            narrow: false,
        }
    }

    /// The frame of a page that is one short form.
    pub(crate) fn narrow(mut self) -> Self {
        self.narrow = true;
        self
    }

    /// The address of an asset.
    pub(crate) fn asset(&self, name: &str) -> String {
        assets::address(name)
    }

    /// The version of the program.
    pub(crate) fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }
}

/// What is open in an emergency right now, for those who may see it.
fn emergencies(parts: &Parts, caller: &Caller) -> Option<Alert> {
    let awaiting = Awaiting::of(&parts.store.snapshot(), (parts.clock)());
    let sees = || may(parts, caller, Operation::BreakGlassRead, &Target::any());
    (awaiting.open > 0 && sees()).then(|| Alert {
        grade: "bad",
        text: match awaiting.open {
            1 => "A patient's data is open in an emergency.".to_owned(),
            open => format!("Data is open in {open} emergencies."),
        },
        path: Some("/break-glass"),
        link: "See who opened what",
    })
}

/// The pages that this caller may see.
fn links(parts: &Parts, caller: &Caller, path: &str) -> Vec<Link> {
    PAGES
        .iter()
        .filter(|(_, _, operation)| may(parts, caller, *operation, &Target::any()))
        .map(|(to, label, _)| Link {
            path: to,
            label,
            current: path == *to
                || path
                    .strip_prefix(to)
                    .is_some_and(|rest| rest.starts_with('/')),
        })
        .collect()
}

/// The pages in the order in which they are shown, each with what one must be allowed to see it.
const PAGES: [(&str, &str, Operation); 8] = [
    ("/emergency", "Emergency access", Operation::BreakGlassOpen),
    ("/break-glass", "Break-glass", Operation::BreakGlassRead),
    ("/consents", "Consents", Operation::ConsentRead),
    ("/people", "People", Operation::PeopleRead),
    ("/keys", "Keys", Operation::KeyRead),
    ("/records", "Records", Operation::RecordsRead),
    ("/vendors", "Vendors", Operation::RecordsRead),
    ("/policies", "Policies", Operation::PolicyRead),
];

/// Renders a page.
pub(crate) fn page(template: &impl Template) -> Response {
    with_status(StatusCode::OK, template)
}

/// Renders a page under another status, such as that of a form with faults.
pub(crate) fn with_status(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            Refusal::internal().into_response()
        }
    }
}

/// The page of a refusal.
pub(crate) fn refusal_page(frame: Frame, refusal: &Refusal) -> Response {
    let (heading, grade) = match refusal.status {
        StatusCode::NOT_FOUND => ("Not found", "warn"),
        StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => ("Not allowed", "bad"),
        status if status.is_server_error() => ("This failed", "bad"),
        _ => ("Not done", "warn"),
    };
    let template = Refused {
        frame: Frame {
            title: heading.to_owned(),
            ..frame
        },
        heading,
        grade,
        message: sentence(&refusal.message),
        hint: sentence(&refusal.hint),
        code: &refusal.code,
    };
    match template.render() {
        Ok(html) => (refusal.status, Html(html)).into_response(),
        Err(_) => refusal.status.into_response(),
    }
}

#[derive(Template)]
#[template(path = "refused.html")]
struct Refused<'a> {
    frame: Frame,
    heading: &'static str,
    grade: &'static str,
    message: String,
    hint: String,
    code: &'a str,
}

/// A message as a sentence: it begins large and ends with a full stop.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let mut text: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    text.push_str(letters.as_str());
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}
