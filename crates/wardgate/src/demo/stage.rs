//! Where the scripted calls are played: the gate, the model behind it, and what was expected.

use std::time::Duration;

use secrecy::SecretString;
use serde::Serialize;
use serde_json::{Value, json};

use super::client::{Answer, Ask, Client};
use super::hospital::{Hospital, holds};
use super::model::{self, Model, Seen};
use super::progress::Progress;
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::wiring::RunningNode;

/// Everything that a scene needs.
pub(super) struct Stage<'a> {
    pub(super) dir: &'a DataDir,
    pub(super) node: &'a RunningNode,
    pub(super) model: &'a Model,
    pub(super) hospital: &'a Hospital,
    pub(super) client: Client,
    pub(super) keys: &'a [Key],
    pub(super) enrolment_link: &'a SecretString,
    pub(super) progress: &'a Progress,
    pub(super) scenes: Vec<Scene>,
    pub(super) sides: Option<Sides>,
}

/// An API key of the demo. It opens nothing but the demo.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) app: &'static str,
    pub(super) person: Option<&'static str>,
    pub(super) key: String,
}

/// One thing that was tried.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Scene {
    pub(super) part: &'static str,
    pub(super) tried: &'static str,
    pub(super) expected: &'static str,
    pub(super) happened: String,
    /// The refusal's code, or the status of an answer.
    pub(super) code: String,
    pub(super) took_us: u64,
    pub(super) as_stated: bool,
}

/// One call from three points of view.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Sides {
    pub(super) app_sent: String,
    pub(super) model_saw: String,
    pub(super) app_got: String,
}

/// What is tried, and what is stated about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stated {
    pub(super) part: &'static str,
    pub(super) tried: &'static str,
    pub(super) expected: &'static str,
}

/// A call of the hospital's applications.
#[derive(Debug, Clone)]
pub(super) struct Call<'c> {
    pub(super) key: &'c str,
    pub(super) model: &'c str,
    pub(super) purpose: &'c str,
    pub(super) patient: Option<&'c str>,
    pub(super) conversation: Option<&'c str>,
    /// Members of the body beside `model`.
    pub(super) body: Value,
}

impl<'c> Call<'c> {
    /// A question to a chat model about a patient, for treatment.
    pub(super) fn ask(key: &'c str, model: &'c str, patient: &'c str, text: &str) -> Self {
        Self {
            key,
            model,
            purpose: "TREAT",
            patient: Some(patient),
            conversation: None,
            body: json!({"messages": [{"role": "user", "content": text}]}),
        }
    }
}

impl Stage<'_> {
    /// Sends a call, and takes what the model saw of it.
    pub(super) async fn send(&self, call: &Call<'_>) -> Result<(Answer, Vec<Seen>), Failure> {
        let mut body = call.body.clone();
        if let Some(body) = body.as_object_mut() {
            body.insert("model".to_owned(), json!(call.model));
        }
        let path = if body.get("input").is_some() {
            "/v1/embeddings"
        } else {
            "/v1/chat/completions"
        };
        self.send_raw(call, path, body.to_string()).await
    }

    /// Sends a body as it is.
    pub(super) async fn send_raw(
        &self,
        call: &Call<'_>,
        path: &'static str,
        body: String,
    ) -> Result<(Answer, Vec<Seen>), Failure> {
        let mut headers = vec![("wardgate-purpose", call.purpose.to_owned())];
        if let Some(key) = self.keys.iter().find(|key| key.name == call.key) {
            headers.push(("authorization", format!("Bearer {}", key.key)));
        }
        if let Some(patient) = call.patient {
            headers.push(("wardgate-patient", format!("Patient/{patient}")));
        }
        if let Some(conversation) = call.conversation {
            headers.push(("wardgate-conversation", conversation.to_owned()));
        }
        self.model.take_seen();
        let answer = self
            .client
            .call(&Ask {
                path,
                headers,
                body,
            })
            .await?;
        Ok((answer, self.model.take_seen()))
    }

    /// Plays a call that must be refused with a code, before the model sees anything of it.
    pub(super) async fn refused(
        &mut self,
        stated: Stated,
        call: &Call<'_>,
        code: &str,
    ) -> Result<(), Failure> {
        self.progress.tell(stated.tried);
        let (answer, seen) = self.send(call).await?;
        self.keep_refusal(stated, &answer, &seen, code);
        Ok(())
    }

    /// Compares a refusal with what was stated.
    pub(super) fn keep_refusal(
        &mut self,
        stated: Stated,
        answer: &Answer,
        seen: &[Seen],
        code: &str,
    ) {
        let said = answer.code();
        let as_stated = said.as_deref() == Some(code) && seen.is_empty();
        // The hint stands in the message too, for programs that show nothing else.
        let message = answer.error("message");
        let message = message.split(" (hint: ").next().unwrap_or("").to_owned();
        let happened = match (&said, seen) {
            (Some(_), []) => message,
            (Some(_), _) => format!("{message}; but the model was reached"),
            (None, _) => "it was answered".to_owned(),
        };
        let code = said.unwrap_or_else(|| answer.status.to_string());
        self.keep(stated, happened, code, answer.took, as_stated);
    }

    pub(super) fn keep(
        &mut self,
        stated: Stated,
        happened: String,
        code: String,
        took: Duration,
        as_stated: bool,
    ) {
        self.scenes.push(Scene {
            part: stated.part,
            tried: stated.tried,
            expected: stated.expected,
            happened,
            code,
            took_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            as_stated,
        });
        self.progress.step(as_stated);
    }

    /// How many of a patient's identifiers stand in a text.
    pub(super) fn identifiers_in(&self, patient: &str, text: &str) -> usize {
        let identifiers = self.hospital.identifiers(patient);
        identifiers
            .iter()
            .filter(|identifier| holds(text, identifier))
            .count()
    }

    /// Whether the caller got, byte for byte, what the model would have said about the original.
    pub(super) fn is_restored(&self, call: &Call<'_>, answer: &Answer) -> bool {
        model::say(&call.body) == model::Said::Text(answer.text())
    }
}
