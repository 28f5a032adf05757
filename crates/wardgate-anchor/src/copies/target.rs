//! Where a copy lies, and how it is opened.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, S3ConditionalPut};
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, RetryConfig};

use super::connect::Connector;
use super::{Copy, CopyFault};

/// The place of a copy.
#[derive(Clone, Debug)]
pub enum Target {
    /// A directory, such as a mounted volume. It has to be there already.
    Directory(PathBuf),
    /// A bucket of S3 or of a store that speaks its protocol.
    Bucket(Box<Bucket>),
}

/// A bucket and how it is reached.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// The address of the store; that of AWS in the region if there is none.
    pub endpoint: Option<String>,
    /// The region.
    pub region: String,
    /// The name of the bucket.
    pub bucket: String,
    /// What every name of an object begins with; may be empty.
    pub prefix: String,
    /// Who writes.
    pub credentials: Credentials,
    /// How the store is trusted.
    pub tls: rustls::ClientConfig,
}

/// The key of a user of a store. Never shown.
#[derive(Clone)]
pub struct Credentials {
    id: String,
    secret: zeroize::Zeroizing<String>,
}

impl Credentials {
    /// Reads a file in the form of AWS: `aws_access_key_id = ...`, `aws_secret_access_key = ...`.
    pub fn parse(text: &str) -> Option<Self> {
        let value = |name: &str| {
            text.lines().find_map(|line| {
                let (found, value) = line.split_once('=')?;
                let value = value.trim();
                (found.trim() == name && !value.is_empty()).then(|| value.to_owned())
            })
        };
        Some(Self {
            id: value("aws_access_key_id")?,
            secret: value("aws_secret_access_key")?.into(),
        })
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

impl Target {
    /// Opens the place. Nothing is read or written yet.
    pub fn open(&self) -> Result<Copy, CopyFault> {
        match self {
            Self::Directory(path) => directory(path),
            Self::Bucket(bucket) => self::bucket(bucket),
        }
    }
}

fn directory(path: &Path) -> Result<Copy, CopyFault> {
    // Making it would fill the wrong disk when a volume is not mounted.
    let store = LocalFileSystem::new_with_prefix(path)
        .map_err(|error| CopyFault::of("opening", &path.display().to_string(), &error))?;
    Ok(Copy {
        store: Box::new(store.with_fsync(true)),
        replaces_conditionally: false,
    })
}

fn bucket(bucket: &Bucket) -> Result<Copy, CopyFault> {
    let mut builder = AmazonS3Builder::new()
        .with_region(&bucket.region)
        .with_bucket_name(&bucket.bucket)
        .with_access_key_id(&bucket.credentials.id)
        .with_secret_access_key(bucket.credentials.secret.as_str())
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        .with_retry(retries())
        .with_http_connector(Connector {
            tls: bucket.tls.clone(),
            timeout: REQUEST_TIMEOUT,
        });
    if let Some(endpoint) = &bucket.endpoint {
        builder = builder
            .with_endpoint(endpoint)
            .with_allow_http(endpoint.starts_with("http://"));
    }
    let store = builder
        .build()
        .map_err(|error| CopyFault::Setting(error.to_string()))?;
    Ok(Copy {
        store: Box::new(PrefixStore::new(store, bucket.prefix.as_str())),
        replaces_conditionally: true,
    })
}

/// Few and short: the next run comes soon, and goes on where this one ended.
fn retries() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(1),
            base: 2.0,
        },
        max_retries: 2,
        retry_timeout: Duration::from_secs(30),
    }
}

const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_read_and_never_shown() {
        let text = "[default]\naws_access_key_id = AKID\naws_secret_access_key=s/e=c\n";
        let credentials = Credentials::parse(text).unwrap();
        assert_eq!(
            (credentials.id.as_str(), credentials.secret.as_str()),
            ("AKID", "s/e=c")
        );
        assert!(!format!("{credentials:?}").contains("s/e"));
        assert!(Credentials::parse("aws_access_key_id = AKID\n").is_none());
    }
}
