//! The data plane: listeners, protocol adapters, the gates in order, upstreams.
//!
//! Read `pipeline.rs` first: it is the path of a call, top to bottom.
#![deny(missing_docs)]

mod adapters;
mod authorise;
mod body;
mod call;
mod clock;
mod counters;
mod deidentify;
mod facts;
mod gate;
mod identity;
mod inspect;
mod label;
mod limits;
mod models;
mod pipeline;
mod recorder;
pub mod refusal;
mod screen;
mod sealed;
pub mod server;
pub mod sse;
mod strangers;
mod trail;
mod upstream;

pub use body::BodyLimits;
pub use clock::Clock;
pub use deidentify::ModelLimits;
pub use gate::{Gate, GateOptions, Parts};
pub use identity::{Trust, TrustedIssuer};
pub use screen::ScreenMode;
pub use server::{ServeError, Server, ServerOptions};
pub use upstream::UpstreamOptions;
