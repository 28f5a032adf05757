//! Answers that come as a stream of events.
//!
//! One event goes out for each that comes in. A text that may be the beginning of a placeholder
//! waits in its channel (one per choice and field) for the next piece of that channel; what still
//! waits when the choice finishes travels with the finishing event.

use std::collections::BTreeMap;
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use wardgate_deid::json::{self, JsonFault, Path, Segment, Visitor};
use wardgate_deid::{Escape, RestoreMap, StreamRestorer};

use super::answer::Edits;
use super::request::{LIMITS, index, last_is};
use crate::sse::{Event, data_event};

/// Restores the events of one answer.
#[derive(Debug)]
pub(crate) struct StreamRestoring {
    map: RestoreMap,
    channels: BTreeMap<Channel, StreamRestorer>,
    finished: bool,
}

/// What an event was.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Restored {
    /// Bytes to send on.
    Event(Bytes),
    /// The protocol's end of the stream: to be sent once the outcome is recorded.
    Done(Bytes),
    /// An error told in the stream.
    Failed,
}

/// Texts that follow each other belong to one channel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Channel {
    choice: u64,
    /// For tool-call arguments: which tool call.
    tool: Option<u64>,
    /// The field of the delta.
    field: String,
}

impl StreamRestoring {
    pub(crate) fn new(map: RestoreMap) -> Self {
        Self {
            map,
            channels: BTreeMap::new(),
            finished: false,
        }
    }

    /// Placeholders restored so far.
    pub(crate) fn restored(&self) -> u64 {
        self.channels.values().map(StreamRestorer::restored).sum()
    }

    /// Whether a choice has said that it is finished.
    pub(crate) fn is_finished(&self) -> bool {
        self.finished
    }

    /// Restores one event.
    pub(crate) fn event(&mut self, event: &Event) -> Result<Restored, JsonFault> {
        let Some(data) = event.data() else {
            return Ok(Restored::Event(event.raw().clone()));
        };
        if data.trim_ascii() == b"[DONE]" {
            return Ok(Restored::Done(event.raw().clone()));
        }
        let mut seen = Seen::new(&data);
        json::scan(&data, &LIMITS, &mut seen)?;
        self.finished |= seen.choices.iter().any(|choice| choice.finishes);
        if seen.error {
            return Ok(Restored::Failed);
        }
        if self.map.is_empty() {
            return Ok(Restored::Event(event.raw().clone()));
        }
        let mut edits = Edits::default();
        for piece in &seen.pieces {
            self.restore(piece, &data, &seen, &mut edits);
        }
        let mut before = Vec::new();
        for choice in seen.choices.iter().filter(|choice| choice.finishes) {
            before.extend(self.flush(choice, &data, &mut edits));
        }
        let own = if edits.is_empty() {
            event.raw().clone()
        } else {
            event.with_data(&edits.apply(&data))
        };
        Ok(Restored::Event(concatenated(before, own)))
    }

    /// Events for what still waits when the stream ends without finishing its choices.
    pub(crate) fn leftovers(&mut self) -> Bytes {
        let waiting = self
            .channels
            .iter_mut()
            .filter_map(|(channel, restorer)| waiting(restorer).map(|text| channel.event(&text)));
        concatenated(waiting.collect(), Bytes::new())
    }

    fn restore(&mut self, piece: &Piece, data: &Bytes, seen: &Seen<'_>, edits: &mut Edits) {
        let Some(choice) = seen.choices.get(piece.choice) else {
            return;
        };
        let tool = piece.tool.map(|tool| seen.tool_index(piece.choice, tool));
        let channel = Channel {
            choice: choice.index,
            tool,
            field: piece.field.clone(),
        };
        let escape = if channel.field == ARGUMENTS {
            Escape::Json
        } else {
            Escape::None
        };
        let map = &self.map;
        let restorer = self
            .channels
            .entry(channel)
            .or_insert_with(|| map.stream(escape));
        let raw = data.get(piece.at.clone()).unwrap_or_default();
        let mut out = String::new();
        let Ok(text) = json::unescape(raw) else {
            // Half of a surrogate pair can not be read as text: it passes as it is,
            // behind whatever waited.
            restorer.finish(&mut out);
            let mut waited = String::new();
            json::escape_into(&out, &mut waited);
            return edits.insert(piece.at.start, waited);
        };
        restorer.push(&text, &mut out);
        if choice.finishes {
            restorer.finish(&mut out);
        }
        if out != *text {
            edits.replace(piece.at.clone(), &out);
        }
    }

    /// What waits in the channels of a finishing choice goes into its last delta, or into events
    /// before it when the delta has no room.
    fn flush(&mut self, choice: &Choice, data: &Bytes, edits: &mut Edits) -> Vec<Bytes> {
        let own = self
            .channels
            .iter_mut()
            .filter(|(channel, _)| channel.choice == choice.index);
        let waiting: Vec<(&Channel, String)> = own
            .filter_map(|(channel, restorer)| Some((channel, waiting(restorer)?)))
            .collect();
        if waiting.is_empty() {
            return Vec::new();
        }
        let Some(inside) = choice
            .delta_inside(data)
            .filter(|_| !choice.delta_has_calls)
        else {
            return waiting
                .iter()
                .map(|(channel, text)| channel.event(text))
                .collect();
        };
        let empty = data
            .get(inside..)
            .is_some_and(|rest| rest.trim_ascii_start().starts_with(b"}"));
        let comma = if empty { "" } else { "," };
        edits.insert(inside, format!("{}{comma}", members(&waiting)));
        Vec::new()
    }
}

impl Channel {
    /// An event of its own for a text of this channel.
    fn event(&self, text: &str) -> Bytes {
        let members = members(&[(self, text.to_owned())]);
        let choice = self.choice;
        let body = if self.field == LEGACY_TEXT {
            format!("{{\"choices\":[{{\"index\":{choice},{members},\"finish_reason\":null}}]}}")
        } else {
            format!(
                "{{\"choices\":[{{\"index\":{choice},\"delta\":{{{members}}},\"finish_reason\":null}}]}}"
            )
        };
        data_event(body.as_bytes())
    }
}

/// The members of a delta that carry the texts.
fn members(texts: &[(&Channel, String)]) -> String {
    let mut members = Vec::new();
    let mut calls = Vec::new();
    for (channel, text) in texts {
        let mut escaped = String::with_capacity(text.len());
        json::escape_into(text, &mut escaped);
        match channel.tool {
            Some(tool) => calls.push(format!(
                "{{\"index\":{tool},\"function\":{{\"arguments\":\"{escaped}\"}}}}"
            )),
            None => members.push(format!("\"{}\":\"{escaped}\"", channel.field)),
        }
    }
    if !calls.is_empty() {
        members.push(format!("\"tool_calls\":[{}]", calls.join(",")));
    }
    members.join(",")
}

fn waiting(restorer: &mut StreamRestorer) -> Option<String> {
    let mut text = String::new();
    restorer.finish(&mut text);
    (!text.is_empty()).then_some(text)
}

fn concatenated(before: Vec<Bytes>, last: Bytes) -> Bytes {
    if before.is_empty() {
        return last;
    }
    let mut all = BytesMut::new();
    before.iter().for_each(|event| all.extend_from_slice(event));
    all.extend_from_slice(&last);
    all.freeze()
}

/// What one event holds, by the places of its parts.
struct Seen<'d> {
    data: &'d [u8],
    pieces: Vec<Piece>,
    choices: Vec<Choice>,
    tools: Vec<(usize, usize, u64)>,
    error: bool,
}

struct Piece {
    choice: usize,
    tool: Option<usize>,
    field: String,
    at: Range<usize>,
}

#[derive(Default, Clone)]
struct Choice {
    index: u64,
    finishes: bool,
    delta_key_end: Option<usize>,
    delta_has_calls: bool,
}

impl Choice {
    /// The place behind the opening brace of the delta.
    fn delta_inside(&self, data: &[u8]) -> Option<usize> {
        let mut at = self.delta_key_end? + 1;
        while matches!(data.get(at), Some(b' ' | b'\t' | b'\n' | b'\r' | b':')) {
            at += 1;
        }
        (data.get(at) == Some(&b'{')).then_some(at + 1)
    }
}

impl<'d> Seen<'d> {
    fn new(data: &'d [u8]) -> Self {
        Self {
            data,
            pieces: Vec::new(),
            choices: Vec::new(),
            tools: Vec::new(),
            error: false,
        }
    }

    /// The tool call's own index, or its place when it names none.
    fn tool_index(&self, choice: usize, tool: usize) -> u64 {
        let named = self
            .tools
            .iter()
            .find(|(of, place, _)| (*of, *place) == (choice, tool));
        named.map_or(tool as u64, |(_, _, index)| *index)
    }

    fn choice(&mut self, path: &Path<'_>) -> Option<&mut Choice> {
        let at = index(path, 1)?;
        if at >= CHOICES_MAX {
            return None;
        }
        while self.choices.len() <= at {
            let index = self.choices.len() as u64;
            self.choices.push(Choice {
                index,
                ..Choice::default()
            });
        }
        self.choices.get_mut(at)
    }

    fn piece(&mut self, path: &Path<'_>, tool: Option<usize>, at: Range<usize>) {
        let Some(choice) = index(path, 1).filter(|_| self.choice(path).is_some()) else {
            return;
        };
        let Some(Segment::Key(key)) = path.segments().last() else {
            return;
        };
        let field = String::from_utf8_lossy(key).into_owned();
        self.pieces.push(Piece {
            choice,
            tool,
            field,
            at,
        });
    }
}

impl Visitor for Seen<'_> {
    fn string(&mut self, path: &Path<'_>, at: Range<usize>) {
        if path.is(&["choices", "*", "finish_reason"]) {
            if let Some(choice) = self.choice(path) {
                choice.finishes = true;
            }
        } else if path.is(&[
            "choices",
            "*",
            "delta",
            "tool_calls",
            "*",
            "function",
            ARGUMENTS,
        ]) {
            self.piece(path, index(path, 4), at);
        } else if (path.is(&["choices", "*", "delta", "*"]) && !last_is(path, "role"))
            || path.is(&["choices", "*", LEGACY_TEXT])
        {
            self.piece(path, None, at);
        }
    }

    fn number(&mut self, path: &Path<'_>, at: Range<usize>) {
        let Some(number) = self
            .data
            .get(at)
            .and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok())
        else {
            return;
        };
        if path.is(&["choices", "*", "index"]) {
            if let Some(choice) = self.choice(path) {
                choice.index = number;
            }
        } else if path.is(&["choices", "*", "delta", "tool_calls", "*", "index"])
            && let (Some(choice), Some(tool)) = (index(path, 1), index(path, 4))
        {
            self.tools.push((choice, tool, number));
        }
    }

    fn key(&mut self, path: &Path<'_>, at: Range<usize>) {
        if path.is(&["error"]) {
            self.error = true;
        } else if path.is(&["choices", "*", "delta"]) {
            if let Some(choice) = self.choice(path) {
                choice.delta_key_end = Some(at.end);
            }
        } else if path.is(&["choices", "*", "delta", "tool_calls"])
            && let Some(choice) = self.choice(path)
        {
            choice.delta_has_calls = true;
        }
    }
}

const ARGUMENTS: &str = "arguments";
const LEGACY_TEXT: &str = "text";
/// More choices than any client asks for.
const CHOICES_MAX: usize = 128;
