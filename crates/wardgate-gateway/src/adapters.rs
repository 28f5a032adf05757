//! One adapter per protocol: from bytes to a call, from answers and refusals to bytes.

pub(crate) mod openai;
