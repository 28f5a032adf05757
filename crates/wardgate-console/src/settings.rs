//! What the operator decided.

/// What the operator decided about people, applications and directories.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// The address at which browsers reach the console, such as `https://wardgate.example.org`.
    pub origin: String,
}

impl Settings {
    /// Settings with nothing decided but the address.
    #[must_use]
    pub fn at(origin: String) -> Self {
        Self { origin }
    }
}
