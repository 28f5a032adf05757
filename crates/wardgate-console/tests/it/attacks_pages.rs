//! Frames, caches, foreign addresses and odd requests.

use wardgate_records::people::SessionKind;

use crate::stage::{Stage, filled, routes};

const SAFE: [(&str, &str); 8] = [
    ("content-security-policy", "frame-ancestors 'none'"),
    ("content-security-policy", "default-src 'none'"),
    ("x-frame-options", "DENY"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("strict-transport-security", "max-age=31536000"),
];

#[tokio::test]
async fn no_answer_can_be_framed_sniffed_or_kept() {
    let stage = Stage::new().await;
    let session = stage.session("administrator", SessionKind::Browser).await;
    let mut asked: Vec<(String, String)> = routes(&stage)
        .await
        .into_iter()
        .map(|(method, path, _)| (method, filled(&path)))
        .collect();
    for path in [
        "/",
        "/people",
        "/people/other",
        "/people/nobody",
        "/keys",
        "/records",
        "/break-glass",
        "/consents",
        "/emergency",
        "/command-line",
        "/sign-in",
        "/nowhere",
        "/healthz",
        "/readyz",
        "/metrics",
        "/api/nowhere",
        "/assets/none",
    ] {
        asked.push(("GET".to_owned(), path.to_owned()));
    }
    asked.push(("PATCH".to_owned(), "/people".to_owned()));
    let cookie = format!("cookie: __Host-wardgate={session}");
    for (method, path) in asked {
        let reply = stage.send(&method, &path, &[&cookie], "").await;
        for (name, value) in SAFE {
            let have = reply.header(name).unwrap_or_default();
            assert!(have.contains(value), "{method} {path} {name}: {have}");
        }
        assert_eq!(
            reply.header("cache-control"),
            Some("no-store"),
            "{method} {path}"
        );
        assert!(!reply.body.contains("unsafe-inline"));
    }
}

#[tokio::test]
async fn pages_hold_no_script_or_style_of_their_own() {
    let stage = Stage::new().await;
    let session = stage.session("administrator", SessionKind::Browser).await;
    for path in [
        "/",
        "/people",
        "/people/other",
        "/keys",
        "/records",
        "/command-line",
    ] {
        let page = stage.open(path, &session).await;
        assert_eq!(page.status, 200, "{path}");
        for inline in ["<style", " style=", " onclick=", "javascript:", "<script>"] {
            assert!(!page.body.contains(inline), "{path}: {inline}");
        }
        for landmark in [
            "lang=\"en\"",
            "href=\"#main\"",
            "id=\"main\"",
            "<h1>",
            "</title>",
        ] {
            assert!(page.body.contains(landmark), "{path}: {landmark}");
        }
    }
}

#[tokio::test]
async fn assets_are_kept_under_the_version_that_pages_name_and_no_other() {
    let stage = Stage::new().await;
    let session = stage.session("other", SessionKind::Browser).await;
    let page = stage.open("/", &session).await.body;
    let named = page
        .split('"')
        .find(|part| part.starts_with("/assets/console.css?v="));
    let asset = stage.send("GET", named.unwrap(), &[], "").await;
    assert_eq!(
        asset.header("content-type"),
        Some("text/css; charset=utf-8")
    );
    assert!(asset.header("cache-control").unwrap().contains("immutable"));
    let tag = format!("if-none-match: {}", asset.header("etag").unwrap());
    let again = stage.send("GET", "/assets/console.css", &[&tag], "").await;
    assert_eq!(
        (again.status, again.header("cache-control")),
        (304, Some("no-cache"))
    );
    for path in [
        "/assets/..%2fCargo.toml",
        "/assets/../lib.rs",
        "/assets/console.css%00",
    ] {
        assert_eq!(stage.send("GET", path, &[], "").await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_stranger_is_led_to_sign_in_and_never_to_another_host() {
    let stage = Stage::new().await;
    for (path, to) in [
        (
            "/people/other?x=1",
            "/sign-in?return=%2Fpeople%2Fother%3Fx%3D1",
        ),
        ("/", "/sign-in"),
    ] {
        let reply = stage.send("GET", path, &[], "").await;
        assert_eq!((reply.status, reply.header("location")), (303, Some(to)));
    }
    for path in [
        "//evil.example",
        "/%5cevil.example",
        "//evil.example/people",
        "/%0d%0aset-cookie:x=y",
    ] {
        let reply = stage.send("GET", path, &[], "").await;
        assert_eq!(reply.status, 404, "{path}");
        assert_eq!(reply.header("location"), None, "{path}");
        assert_eq!(reply.header("set-cookie"), None, "{path}");
    }
}

#[tokio::test]
async fn no_address_comes_from_the_host_header() {
    let stage = Stage::new().await;
    let token = stage.session("administrator", SessionKind::Cli).await;
    let bearer = format!("authorization: Bearer {token}");
    let head = [
        bearer.as_str(),
        "host: evil.example",
        "x-forwarded-host: evil.example",
        "forwarded: host=evil.example",
    ];
    for (method, path, body) in [
        ("POST", "/api/people/other/enrolment", ""),
        ("POST", "/api/login", r#"{"about": "x"}"#),
        ("GET", "/people", ""),
    ] {
        let mut head = head.to_vec();
        head.push("content-type: application/json");
        let reply = stage.send(method, path, &head, body).await;
        assert!(reply.status < 400, "{path} {} {}", reply.status, reply.body);
        assert!(
            !reply.head.contains("evil") && !reply.body.contains("evil"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_refusal_tells_no_more_of_what_exists_than_of_what_does_not() {
    let stage = Stage::new().await;
    let token = stage.session("clerk", SessionKind::Cli).await;
    let there = stage.ask("GET", "/api/people/other", &token, "").await;
    let nobody = stage.ask("GET", "/api/people/nobody", &token, "").await;
    assert_eq!((there.status, &there.body), (nobody.status, &nobody.body));
    assert_eq!(there.status, 403);
}

#[tokio::test]
async fn more_than_is_read_is_refused_and_told() {
    let stage = Stage::new().await;
    let token = stage.session("administrator", SessionKind::Cli).await;
    let large = format!(r#"{{"roles": ["{}"]}}"#, "a".repeat(256 * 1024));
    let reply = stage
        .ask("PUT", "/api/people/other/roles", &token, &large)
        .await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (413, "request.too_large")
    );
}

/// Each would lead a browser to another site, or break out of the page.
const ELSEWHERE: [&str; 8] = [
    "https%3A%2F%2Fevil.example%2F",
    "%2F%2Fevil.example",
    "%2F%5Cevil.example",
    "%5C%2Fevil.example",
    "%2F%09%2Fevil.example",
    "javascript%3Aalert(1)",
    "evil.example",
    "%2F%0D%0ALocation%3A%20https%3A%2F%2Fevil.example",
];

#[tokio::test]
async fn no_way_back_leads_to_another_site() {
    let stage = Stage::new().await;
    let session = stage.session("nurse", SessionKind::Browser).await;
    for way in ELSEWHERE {
        for page in ["/sign-in", "/step-up"] {
            let shown = stage.open(&format!("{page}?return={way}"), &session).await;
            assert_eq!(shown.status, 200, "{page} {way}");
            assert!(!shown.body.contains("evil.example"), "{page} {way}");
            assert!(!shown.body.contains("javascript:"), "{page} {way}");
            assert_eq!(shown.header("location"), None, "{page} {way}");
        }
        // What a form carries is judged again.
        let signed = format!("name=nurse&password=wrong&next={way}");
        let proven = format!("code=000000&next={way}");
        for (page, fields) in [("/sign-in", signed), ("/step-up", proven)] {
            let again = stage.submit(page, &session, &fields).await;
            assert!(!again.body.contains("evil.example"), "{page} {way}");
            let to = again.header("location").unwrap_or("/");
            assert!(
                to.starts_with('/') && !to.contains("evil"),
                "{page} {way} {to}"
            );
        }
    }
    let kept = stage.open("/sign-in?return=%2Fpeople%3Fx%3D1", "").await;
    assert!(kept.body.contains("value=\"/people?x=1\""), "{}", kept.body);
}
