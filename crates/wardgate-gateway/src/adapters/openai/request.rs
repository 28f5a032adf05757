//! Requests: whose words each string is, and what can not be checked.

use std::ops::Range;

use bytes::Bytes;
use wardgate_deid::Treat;
use wardgate_deid::json::{self, Limits, Path, Segment, Visitor};

use super::answer::Edits;
use crate::call::{Part, Position, Route, Shape};
use crate::refusal::{self, Refusal};

/// Reads the body of a call.
pub(crate) fn read(route: Route, body: &[u8]) -> Result<Shape, Refusal> {
    let mut reader = Reader::new(route, body);
    json::scan(body, &LIMITS, &mut reader)
        .map_err(|fault| Refusal::because(&refusal::JSON_INVALID, fault.to_string()))?;
    reader.finish()
}

/// The body with another name in its `model` field.
pub(crate) fn with_model(body: &Bytes, model: &str) -> Bytes {
    let mut found = ModelField(None);
    let mut edits = Edits::default();
    if json::scan(body, &LIMITS, &mut found).is_ok()
        && let Some(at) = found.0
    {
        edits.replace(at, model);
    }
    edits.apply(body)
}

struct ModelField(Option<Range<usize>>);

impl Visitor for ModelField {
    fn string(&mut self, path: &Path<'_>, at: Range<usize>) {
        if path.is(&["model"]) {
            self.0 = Some(at);
        }
    }

    fn number(&mut self, _path: &Path<'_>, _at: Range<usize>) {}

    fn key(&mut self, _path: &Path<'_>, _at: Range<usize>) {}
}

struct Reader<'b> {
    route: Route,
    body: &'b [u8],
    model_at: Option<Range<usize>>,
    stream: bool,
    parts: Vec<Part>,
    /// The message that a part belongs to; its role may stand behind its content.
    messages_of_parts: Vec<(usize, usize)>,
    roles: Vec<Option<Position>>,
    has_content: bool,
    unchecked: bool,
}

impl<'b> Reader<'b> {
    fn new(route: Route, body: &'b [u8]) -> Self {
        Self {
            route,
            body,
            model_at: None,
            stream: false,
            parts: Vec::with_capacity(PARTS_TYPICAL),
            messages_of_parts: Vec::new(),
            roles: Vec::new(),
            has_content: false,
            unchecked: false,
        }
    }

    fn raw(&self, at: &Range<usize>) -> &'b [u8] {
        self.body.get(at.clone()).unwrap_or_default()
    }

    fn keep(&mut self, at: Range<usize>, position: Position, treat: Treat) {
        self.parts.push(Part {
            at,
            position,
            treat,
        });
    }

    fn finish(mut self) -> Result<Shape, Refusal> {
        let missing = |field: &str| {
            Refusal::because(&refusal::BODY_INVALID, format!("the body has no `{field}`"))
        };
        let model_at = self.model_at.clone().ok_or_else(|| missing("model"))?;
        if !self.has_content {
            return Err(missing(if self.route == Route::Chat {
                "messages"
            } else {
                "input"
            }));
        }
        if self.unchecked {
            return Err(Refusal::new(&refusal::CONTENT_UNCHECKED));
        }
        let model = json::unescape(self.raw(&model_at))
            .ok()
            .filter(|model| !model.is_empty() && model.len() <= MODEL_BYTES_MAX);
        let model = model
            .ok_or_else(|| {
                Refusal::because(
                    &refusal::BODY_INVALID,
                    "`model` is not a usable name".to_owned(),
                )
            })?
            .into_owned();
        for (part, message) in &self.messages_of_parts {
            let role = self.roles.get(*message).copied().flatten();
            if let (Some(part), Some(role)) = (self.parts.get_mut(*part), role) {
                part.position = role;
            }
        }
        Ok(Shape {
            model,
            stream: self.stream,
            parts: self.parts,
        })
    }

    fn chat_string(&mut self, path: &Path<'_>, at: Range<usize>) {
        if !path.starts_with(&["messages", "*"]) {
            if path.is(&["modalities", "*"]) && self.raw(&at) != b"text" {
                self.unchecked = true;
            }
            return self.other_string(path, at);
        }
        let message = index(path, 1).unwrap_or_default();
        self.has_content = true;
        if path.is(&["messages", "*", "role"]) {
            let role = role(self.raw(&at));
            if role.is_some() {
                if self.roles.len() <= message {
                    self.roles.resize(message + 1, None);
                }
                if let Some(slot) = self.roles.get_mut(message) {
                    *slot = role;
                }
                return;
            }
        }
        if path.is(&["messages", "*", "content", "*", "type"]) {
            match self.raw(&at) {
                b"text" | b"refusal" => return,
                b"image_url" | b"input_audio" | b"file" => self.unchecked = true,
                _ => {}
            }
        }
        if UNCHECKED_PARTS
            .iter()
            .any(|kind| path.starts_with(&["messages", "*", "content", "*", kind]))
        {
            self.unchecked = true;
        }
        if path.starts_with(&["messages", "*", "audio"]) {
            self.unchecked = true;
        }
        if path.is(&["messages", "*", "tool_calls", "*", "function", "arguments"])
            || path.is(&["messages", "*", "function_call", "arguments"])
        {
            return self.keep(at, Position::ToolArgument, Treat::NestedJson);
        }
        if path.starts_with(&["messages", "*", "content"]) {
            self.messages_of_parts.push((self.parts.len(), message));
            return self.keep(at, Position::User, Treat::Text);
        }
        self.other_string(path, at);
    }

    fn other_string(&mut self, path: &Path<'_>, at: Range<usize>) {
        // Words of the protocol itself; anything else in these places is text like any other.
        if last_is(path, "type") && PROTOCOL_TYPES.contains(&self.raw(&at)) {
            return;
        }
        self.keep(at, Position::Metadata, Treat::Text);
    }
}

impl Visitor for Reader<'_> {
    fn string(&mut self, path: &Path<'_>, at: Range<usize>) {
        if path.is(&["model"]) {
            self.model_at = Some(at);
            return;
        }
        match self.route {
            Route::Chat => self.chat_string(path, at),
            Route::Embeddings if path.is(&["input"]) || path.is(&["input", "*"]) => {
                self.has_content = true;
                self.keep(at, Position::Input, Treat::Text);
            }
            Route::Embeddings
                if path.is(&["encoding_format"]) && ENCODING_FORMATS.contains(&self.raw(&at)) => {}
            Route::Embeddings => self.other_string(path, at),
        }
    }

    fn number(&mut self, path: &Path<'_>, at: Range<usize>) {
        if self.route == Route::Embeddings && path.starts_with(&["input"]) {
            // Token numbers are text in a form that can not be read here.
            self.unchecked = true;
            self.has_content = true;
        }
        if at.len() >= NUMBER_CHARS_MIN {
            self.keep(at, Position::Metadata, Treat::CheckNumber);
        }
    }

    fn key(&mut self, _path: &Path<'_>, at: Range<usize>) {
        let raw = self.raw(&at);
        if PROTOCOL_KEYS.binary_search(&raw).is_err() {
            self.keep(at, Position::Metadata, Treat::CheckKey);
        }
    }

    fn literal(&mut self, path: &Path<'_>, at: Range<usize>) {
        if path.is(&["stream"]) {
            self.stream = self.raw(&at) == b"true";
        }
        if self.route == Route::Chat && path.is(&["messages", "*", "content"]) {
            self.has_content = true;
        }
    }
}

/// The array index at a step of the path.
pub(super) fn index(path: &Path<'_>, step: usize) -> Option<usize> {
    match path.segment(step) {
        Some(Segment::Index(index)) => Some(index),
        _ => None,
    }
}

/// Whether the path ends in a member of that name.
pub(super) fn last_is(path: &Path<'_>, name: &str) -> bool {
    path.segments()
        .last()
        .is_some_and(|segment| segment.is(name))
}

fn role(raw: &[u8]) -> Option<Position> {
    match raw {
        b"system" | b"developer" => Some(Position::System),
        b"user" => Some(Position::User),
        b"assistant" => Some(Position::History),
        b"tool" | b"function" => Some(Position::ToolResult),
        _ => None,
    }
}

/// What one body may hold.
pub(crate) const LIMITS: Limits = Limits {
    depth_max: 64,
    strings_max: 200_000,
};

const PARTS_TYPICAL: usize = 16;
const MODEL_BYTES_MAX: usize = 200;
/// Shorter numbers identify nobody by themselves.
const NUMBER_CHARS_MIN: usize = 5;
const ENCODING_FORMATS: [&[u8]; 2] = [b"float", b"base64"];
const UNCHECKED_PARTS: [&str; 3] = ["image_url", "input_audio", "file"];
const PROTOCOL_TYPES: [&[u8]; 10] = [
    b"text",
    b"function",
    b"object",
    b"string",
    b"number",
    b"integer",
    b"boolean",
    b"array",
    b"json_object",
    b"json_schema",
];

/// Keys that the protocol defines; sorted. Other keys are searched for identifiers.
const PROTOCOL_KEYS: [&[u8]; 50] = [
    b"additionalProperties",
    b"arguments",
    b"audio",
    b"content",
    b"description",
    b"dimensions",
    b"encoding_format",
    b"enum",
    b"frequency_penalty",
    b"function",
    b"function_call",
    b"functions",
    b"id",
    b"include_usage",
    b"input",
    b"items",
    b"json_schema",
    b"logit_bias",
    b"logprobs",
    b"max_completion_tokens",
    b"max_tokens",
    b"messages",
    b"metadata",
    b"modalities",
    b"model",
    b"n",
    b"name",
    b"parallel_tool_calls",
    b"parameters",
    b"presence_penalty",
    b"properties",
    b"reasoning_effort",
    b"refusal",
    b"required",
    b"response_format",
    b"role",
    b"schema",
    b"seed",
    b"stop",
    b"store",
    b"stream",
    b"stream_options",
    b"strict",
    b"temperature",
    b"text",
    b"tool_call_id",
    b"tool_calls",
    b"tool_choice",
    b"tools",
    b"top_p",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(body: &str) -> Shape {
        read(Route::Chat, body.as_bytes()).unwrap()
    }

    fn refused(route: Route, body: &str) -> String {
        read(route, body.as_bytes()).unwrap_err().code().to_owned()
    }

    fn positions(body: &str) -> Vec<(Position, String)> {
        let shape = shape(body);
        let text = |part: &Part| (part.position, body[part.at.clone()].to_owned());
        shape
            .parts
            .iter()
            .filter(|part| !matches!(part.treat, Treat::CheckKey | Treat::CheckNumber))
            .map(text)
            .collect()
    }

    #[test]
    fn protocol_keys_are_sorted() {
        assert!(PROTOCOL_KEYS.is_sorted());
    }

    #[test]
    fn every_string_has_an_owner_whatever_the_order_of_fields() {
        let body = r#"{"model":"m","stream":true,"user":"u","messages":[
            {"content":"s","role":"system"},{"role":"user","content":[{"type":"text","text":"a"}]},
            {"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},
            {"role":"tool","tool_call_id":"c","content":"r"}],"metadata":{"k":"v"}}"#;
        let expected = [
            (Position::Metadata, "u"),
            (Position::System, "s"),
            (Position::User, "a"),
            (Position::Metadata, "c"),
            (Position::Metadata, "f"),
            (Position::ToolArgument, "{}"),
            (Position::Metadata, "c"),
            (Position::ToolResult, "r"),
            (Position::Metadata, "v"),
        ];
        assert_eq!(
            positions(body),
            expected.map(|(position, text)| (position, text.to_owned()))
        );
        assert!(shape(body).stream);
        assert_eq!(shape(body).model, "m");
    }

    #[test]
    fn an_unknown_role_or_type_is_text_like_any_other() {
        let body = r#"{"model":"m","messages":[{"role":"Maria","content":"x"}],"response_format":{"type":"Maria"}}"#;
        assert_eq!(
            positions(body)
                .iter()
                .filter(|(_, text)| text == "Maria")
                .count(),
            2
        );
    }

    #[test]
    fn what_can_not_be_checked_is_refused() {
        for content in [
            r#"[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]"#,
            r#"[{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}]"#,
            r#"[{"type":"file","file":{"file_id":"f"}}]"#,
            r#"[{"type":"text","text":"x","image_url":{"url":"http://example.org/x.png"}}]"#,
        ] {
            let body =
                format!(r#"{{"model":"m","messages":[{{"role":"user","content":{content}}}]}}"#);
            assert_eq!(
                refused(Route::Chat, &body),
                "deid.content_unchecked",
                "{content}"
            );
        }
        assert_eq!(
            refused(Route::Embeddings, r#"{"model":"m","input":[[1,2,3]]}"#),
            "deid.content_unchecked"
        );
    }

    #[test]
    fn a_body_of_another_shape_is_refused_with_the_field() {
        assert_eq!(
            refused(
                Route::Chat,
                r#"{"messages":[{"role":"user","content":"x"}]}"#
            ),
            "request.invalid"
        );
        assert_eq!(refused(Route::Chat, r#"{"model":"m"}"#), "request.invalid");
        assert_eq!(
            refused(
                Route::Chat,
                r#"{"model":7,"messages":[{"role":"user","content":"x"}]}"#
            ),
            "request.invalid"
        );
        assert_eq!(
            refused(Route::Chat, r#"{"model":"m","model":"n"}"#),
            "request.invalid_json"
        );
        assert_eq!(
            refused(Route::Embeddings, r#"{"model":"m","input":"#),
            "request.invalid_json"
        );
    }
}
