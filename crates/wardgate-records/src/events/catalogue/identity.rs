//! Applications that prove who they are.

use super::{Form, KindEntry, TOKENS, required};
use crate::events::EventKind;

pub(super) const KINDS: &[KindEntry] = &[KindEntry {
    kind: EventKind::TokenIssued,
    meaning: "An application proved who it is and was given an access token.",
    members: &[
        required("app", Form::Token, "The application."),
        required(
            "bound",
            Form::Boolean,
            "Whether the token is bound to a client certificate.",
        ),
        required("expires", Form::Time, "When the token ends."),
        required("scopes", TOKENS, "What it grants."),
        required("token", Form::Digest, "SHA-256 of the token."),
    ],
}];
