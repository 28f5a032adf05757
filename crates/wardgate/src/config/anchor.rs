//! What the ledger is anchored to.

use std::path::PathBuf;

use super::fields::{Reader, Section};

/// What the ledger is anchored to, and from when on its absence matters.
#[derive(Debug, Clone)]
pub(crate) struct Anchor {
    /// Witnesses and quorum, in the form of c2sp.org/tlog-policy.
    pub(crate) policy: PathBuf,
    pub(crate) witness_interval_ms: u64,
    pub(crate) authority: Option<Authority>,
    pub(crate) copy_directory: Option<PathBuf>,
    pub(crate) bucket: Option<Bucket>,
    pub(crate) copy_interval_ms: u64,
    /// Who may vouch for witnesses, authorities and stores, beside the machine's own roots.
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) late_after_ms: u64,
    pub(crate) failing_after_ms: u64,
    /// Calls are refused after so long without a quorum; never when it is 0.
    pub(crate) refuse_after_ms: u64,
    pub(crate) require_at_start: bool,
    pub(crate) timeout_ms: u64,
}

/// A timestamp authority.
#[derive(Debug, Clone)]
pub(crate) struct Authority {
    pub(crate) url: String,
    pub(crate) roots: PathBuf,
    pub(crate) interval_ms: u64,
}

/// A bucket for copies.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    pub(crate) name: String,
    /// None is AWS.
    pub(crate) endpoint: Option<String>,
    pub(crate) region: String,
    pub(crate) prefix: String,
    pub(crate) credentials: PathBuf,
}

pub(super) fn read(reader: &Reader) -> Option<Anchor> {
    let section = reader.section("anchor");
    let policy = section.path(
        "policy",
        "ledger/policy",
        "Witnesses of the ledger and how many of them it takes (c2sp.org/tlog-policy).",
    );
    let witness_interval_ms = section.number(
        "witness_interval_ms",
        5_000,
        500..=3_600_000,
        "Milliseconds between two rounds of the witnesses.",
    );
    let authority = authority(&section);
    let copy_directory = section.path_if(
        "copy_directory",
        "Directory that takes a copy of the published ledger, such as a mounted volume. It must exist.",
    );
    let bucket = bucket(&section);
    let copy_interval_ms = section.number(
        "copy_interval_ms",
        60_000,
        1_000..=86_400_000,
        "Milliseconds between two runs of the copies.",
    );
    let ca_file = section.path_if(
        "ca_file",
        "Certificates (PEM) that may vouch for witnesses, authority and store, beside the machine's own roots.",
    );
    let limits = limits(&section);
    section.end();
    let (late_after_ms, failing_after_ms, refuse_after_ms, require_at_start, timeout_ms) = limits?;
    Some(Anchor {
        policy: policy?,
        witness_interval_ms: witness_interval_ms?,
        authority: authority?,
        copy_directory: copy_directory?,
        bucket: bucket?,
        copy_interval_ms: copy_interval_ms?,
        ca_file: ca_file?,
        late_after_ms,
        failing_after_ms,
        refuse_after_ms,
        require_at_start,
        timeout_ms,
    })
}

type Limits = (u64, u64, u64, bool, u64);

fn limits(section: &Section<'_>) -> Option<Limits> {
    let day_ms = 86_400_000;
    let late_after_ms = section.number(
        "late_after_ms",
        60_000,
        1_000..=day_ms,
        "Milliseconds without success after which an anchor counts as late.",
    );
    let failing_after_ms = section.number(
        "failing_after_ms",
        600_000,
        1_000..=30 * day_ms,
        "Milliseconds without success after which it counts as lost, which the ledger records.",
    );
    let refuse_after_ms = section.number(
        "refuse_after_ms",
        0,
        0..=30 * day_ms,
        "Milliseconds without the quorum of the policy after which calls are refused; 0 is never.",
    );
    let require_at_start = section.flag(
        "require_at_start",
        false,
        "Start only when every witness and copy has answered.",
    );
    let timeout_ms = section.number(
        "timeout_ms",
        5_000,
        100..=60_000,
        "Milliseconds that a witness or the authority may take to answer.",
    );
    Some((
        late_after_ms?,
        failing_after_ms?,
        refuse_after_ms?,
        require_at_start?,
        timeout_ms?,
    ))
}

fn authority(section: &Section<'_>) -> Option<Option<Authority>> {
    let url = section.text(
        "tsa_url",
        "",
        URL,
        is_url,
        "Address of a timestamp authority (RFC 3161).",
    );
    let roots = section.path_if(
        "tsa_roots",
        "Certificates (PEM) that vouch for the timestamp authority.",
    );
    let interval_ms = section.number(
        "tsa_interval_ms",
        600_000,
        1_000..=86_400_000,
        "Milliseconds between two timestamps; one more is taken at the end.",
    );
    let (url, roots, interval_ms) = (url?, roots?, interval_ms?);
    if url.is_empty() {
        return Some(None);
    }
    let Some(roots) = roots else {
        section.fault(
            "tsa_url",
            "a timestamp authority needs `anchor.tsa_roots`".to_owned(),
            "name the file of certificates that the authority publishes",
        );
        return None;
    };
    Some(Some(Authority {
        url,
        roots,
        interval_ms,
    }))
}

fn bucket(section: &Section<'_>) -> Option<Option<Bucket>> {
    let name = section.text(
        "s3_bucket",
        "",
        "the name of a bucket",
        is_word,
        "Bucket that takes a copy of the published ledger.",
    );
    let endpoint = section.text(
        "s3_endpoint",
        "",
        URL,
        is_url,
        "Address of the store; that of AWS unless set.",
    );
    let region = section.text(
        "s3_region",
        "us-east-1",
        "the name of a region",
        is_word,
        "Region of the bucket.",
    );
    let prefix = section.text(
        "s3_prefix",
        "",
        "a path without spaces",
        is_word,
        "What the names of all objects begin with.",
    );
    let credentials = section.path_if(
        "s3_credentials",
        "File (mode 0600) with `aws_access_key_id = ...` and `aws_secret_access_key = ...`.",
    );
    let (name, endpoint, region, prefix) = (name?, endpoint?, region?, prefix?);
    let credentials = credentials?;
    if name.is_empty() {
        return Some(None);
    }
    let Some(credentials) = credentials else {
        section.fault(
            "s3_bucket",
            "a bucket needs `anchor.s3_credentials`".to_owned(),
            "name a file that only its owner can read",
        );
        return None;
    };
    Some(Some(Bucket {
        name,
        endpoint: (!endpoint.is_empty()).then_some(endpoint),
        region,
        prefix,
        credentials,
    }))
}

fn is_url(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(is_word)
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

const URL: &str = "an address such as `https://tsa.example/`";
