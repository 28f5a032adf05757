//! What is assessed.

/// Something that answers a text with a text: a model, or a model behind a gate.
pub trait Target {
    /// Answers one prompt.
    ///
    /// # Errors
    /// [`TargetFault`] when there is no answer.
    fn answer(&mut self, prompt: &str) -> Result<String, TargetFault>;
}

/// Why a target gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetFault {
    /// It refused, with its code.
    #[error("the target refused: {code}")]
    Refused {
        /// The stable code of the refusal.
        code: String,
    },
    /// It could not be reached.
    #[error("the target can not be reached")]
    Unreachable,
}
