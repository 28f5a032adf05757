//! HL7 v2: files of messages, one after another, in batches and in MLLP's frames.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize as _;
use serde_json::{Value, json};
use wardgate_deid::{Found, RecordFault, RecordRules, Tally};
use wardgate_hl7::v2::{self, BatchCounts, Counts, MessageDeidentifier, Options};

use crate::format::{Counter, Format, Layout, Piece, Position, Settler};
use crate::pieces::{GROUP_BYTES, Group, Splitter};

/// HL7 v2 messages.
#[derive(Debug)]
pub struct Messages {
    messages: MessageDeidentifier,
    options: Options,
}

impl Messages {
    /// Messages under rules and options.
    #[must_use]
    pub fn new(rules: Arc<RecordRules>, options: Options) -> Self {
        Self {
            messages: MessageDeidentifier::new(rules, options.clone()),
            options,
        }
    }
}

impl Format for Messages {
    fn name(&self) -> &'static str {
        "hl7v2"
    }

    fn editions(&self) -> BTreeMap<String, String> {
        BTreeMap::from([("HL7 v2".to_owned(), "2.1 to 2.8.2".to_owned())])
    }

    fn options(&self) -> Value {
        json!({"keep": self.options.keep, "charset": self.options.charset_default})
    }

    fn layout(&self, _: &Path, _: u64) -> Layout {
        Layout::Records
    }

    fn record(&self, input: &[u8], output: &mut Vec<u8>) -> Result<Tally, RecordFault> {
        self.messages.message(input, output)
    }

    fn counter(&self) -> Option<Box<dyn Counter + '_>> {
        Some(Box::new(Counted {
            messages: &self.messages,
            counts: Counts::new(),
        }))
    }

    fn verify(&self, input: &[u8], output: &[u8]) -> Result<Found, RecordFault> {
        self.messages.verify(input, output)
    }

    fn settler(&self) -> Option<Box<dyn Settler>> {
        Some(Box::new(Trailers(BatchCounts::default())))
    }

    fn split<'r>(
        &self,
        input: Box<dyn Read + Send + 'r>,
        from: Position,
    ) -> Box<dyn Splitter + 'r> {
        Box::new(Parted {
            messages: v2::Messages::new(input),
            from: from.offset,
            at: from,
        })
    }
}

/// Counts by the tables of the versions.
struct Counted<'r> {
    messages: &'r MessageDeidentifier,
    counts: Counts,
}

impl Counter for Counted<'_> {
    fn record(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<(), RecordFault> {
        self.messages.message_into(input, output, &mut self.counts)
    }

    fn tally(&self) -> Tally {
        self.counts.tally()
    }
}

/// Keeps the counts of batches true.
struct Trailers(BatchCounts);

impl Settler for Trailers {
    fn settled(&mut self, written: &[u8]) -> Option<Vec<u8>> {
        if written
            .first_chunk::<4>()
            .is_some_and(|head| head.starts_with(b"MSH"))
        {
            // Counted without being copied; only trailers are written anew.
            self.0.item(&mut b"MSH|".to_vec());
            return None;
        }
        let mut item = written.to_vec();
        self.0.item(&mut item);
        (item != written).then_some(item)
    }

    fn remembered(&self) -> Value {
        json!(<[u64; 2]>::from(self.0))
    }

    fn remember(&mut self, remembered: &Value) -> Option<()> {
        self.0 = <[u64; 2]>::deserialize(remembered).ok()?.into();
        Some(())
    }
}

/// The messages of a stream in groups.
struct Parted<R> {
    messages: v2::Messages<R>,
    /// Where the stream of messages begins in the file.
    from: u64,
    at: Position,
}

impl<R: Read + Send> Splitter for Parted<R> {
    fn next_group(&mut self) -> io::Result<Option<Group>> {
        let mut group = Group::default();
        let begin = self.at.offset;
        // Where a message that was passed over ends is known with the next one.
        let mut passing_over = false;
        while group.bytes.len() < GROUP_BYTES || passing_over {
            let Some(item) = self.messages.next() else {
                break;
            };
            self.at.number += 1;
            let offset = match &item {
                Ok(item) => self.place() - item.len() as u64,
                Err(_) => self.at.offset,
            };
            let range = item.map(|item| {
                let start = group.bytes.len();
                group.bytes.extend_from_slice(&item);
                start..group.bytes.len()
            });
            let failed = range.as_ref().is_err_and(|fault| fault.code() == UNREAD);
            if failed {
                return Err(io::Error::other("the messages can not be read"));
            }
            passing_over = range.is_err();
            self.at.offset = self.place();
            group.pieces.push(Piece {
                number: self.at.number,
                offset,
                range,
                end: b"",
            });
        }
        self.at.offset = self.place();
        (group.read_bytes, group.next) = (self.at.offset - begin, self.at);
        Ok((!group.pieces.is_empty()).then_some(group))
    }
}

impl<R: Read> Parted<R> {
    /// Where the next item begins in the file.
    fn place(&self) -> u64 {
        self.from + self.messages.position()
    }
}

/// The code of a stream that can not be read on.
const UNREAD: &str = "hl7.read";
