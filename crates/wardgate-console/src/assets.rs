//! The files that pages load: embedded in the program, named with a version that changes with
//! their content, so that a browser may keep them for long and never shows an old one.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;

use crate::Parts;
use crate::refusal::Refusal;

/// The routes of this part.
pub(crate) fn routes() -> Router<Parts> {
    Router::new().route("/assets/{name}", get(asset))
}

/// The address of an asset, with its version.
pub(crate) fn address(name: &str) -> String {
    format!("/assets/{name}?v={}", *VERSION)
}

#[derive(Deserialize)]
struct Asked {
    v: Option<String>,
}

async fn asset(Path(name): Path<String>, Query(asked): Query<Asked>, head: HeaderMap) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return Refusal::no_such_page().into_response();
    };
    let tag = format!("\"{}\"", *VERSION);
    let keep = if asked.v.as_deref() == Some(&*VERSION) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let headers = [
        (header::CONTENT_TYPE, asset.kind.to_owned()),
        (header::CACHE_CONTROL, keep.to_owned()),
        (header::ETAG, tag.clone()),
    ];
    let same = head
        .get(header::IF_NONE_MATCH)
        .is_some_and(|have| have.as_bytes() == tag.as_bytes());
    if same {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, asset.content).into_response()
}

struct Asset {
    name: &'static str,
    kind: &'static str,
    content: &'static [u8],
}

const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const IMAGE: &str = "image/svg+xml";

/// Every asset, with its media type.
static ASSETS: &[Asset] = &[
    Asset {
        name: "console.css",
        kind: STYLE,
        content: include_bytes!("../assets/console.css"),
    },
    Asset {
        name: "mark.svg",
        kind: IMAGE,
        content: include_bytes!("../assets/mark.svg"),
    },
    Asset {
        name: "passkey.js",
        kind: SCRIPT,
        content: include_bytes!("../assets/passkey.js"),
    },
];

/// One version for all of them: the head of the digest of their content.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let all: Vec<u8> = ASSETS
        .iter()
        .flat_map(|asset| asset.content)
        .copied()
        .collect();
    let digest = digest(&SHA256, &all);
    let head = digest.as_ref().iter().take(8);
    head.map(|byte| format!("{byte:02x}")).collect()
});
