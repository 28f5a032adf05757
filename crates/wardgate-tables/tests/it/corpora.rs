//! Corpora that lie beside the repository and are not part of it.

use std::path::{Path, PathBuf};

/// A file of the shared corpora; without them, which is printed, a test has nothing to do.
pub(crate) fn shared(below: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("WARDGATE_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let path = folder.join(below);
    if !path.exists() {
        println!("skipped: no {below} beside the repository");
        return None;
    }
    Some(path)
}
