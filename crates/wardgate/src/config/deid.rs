//! The model that looks for identifiers beside the rules.

use std::path::PathBuf;

use wardgate_gateway::ModelLimits;

use super::fields::Reader;
use crate::neural;

/// The model that looks for identifiers beside the rules.
#[derive(Debug, Clone)]
pub(crate) struct Deid {
    /// Its folder; none without a model.
    pub(crate) neural: Option<PathBuf>,
    pub(crate) limits: ModelLimits,
}

pub(super) fn read(reader: &Reader) -> Option<Deid> {
    let otherwise = ModelLimits::default();
    let section = reader.section("deid");
    let neural = section.path_if(
        "neural",
        "Folder of a token-classification model (`model.onnx`, `tokenizer.json`, `config.json`) that looks for \
         identifiers beside the rules. Needs a build with `--features neural`.",
    );
    let runs_max = section.number(
        "neural_runs_max",
        otherwise.runs_max,
        1..=256,
        "Calls that the model reads at a time; each takes a core.",
    );
    let timeout_ms = section.number(
        "neural_timeout_ms",
        otherwise.timeout_ms,
        100..=600_000,
        "Milliseconds that the model has for a call, waiting included; then the call is refused.",
    );
    let body_bytes_max = section.number(
        "neural_body_bytes_max",
        otherwise.body_bytes_max,
        1_024..=8 << 20,
        "Bytes of a body that the model reads; calls with more are refused.",
    );
    section.end();
    let neural = neural?;
    if neural.is_some() && !neural::BUILT_IN {
        section.fault("neural", neural::MISSING.to_owned(), neural::HOW_TO_BUILD);
        return None;
    }
    Some(Deid {
        neural,
        limits: ModelLimits {
            runs_max: runs_max?,
            timeout_ms: timeout_ms?,
            body_bytes_max: body_bytes_max?,
        },
    })
}
