//! The time, passed in by whoever wires the gate.

use std::sync::Arc;

use jiff::Timestamp;

/// Says what time it is. The binary passes the system's clock, tests pass their own.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
