//! An independent reading of an output: none of the tables, readers or rules that wrote it.

mod encoded;
mod reading;
mod strangers;
mod told;

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use wardgate_deid::{Found, RecordFault, RecordRules, Tracer, Traces};

use crate::kept::Kept;
use encoded::search_encoded;
use reading::{Segment, segments, split, text_of};
use strangers::Strangers;
use told::{learn, note};

/// Looks for what identified people in the input.
///
/// Making ready to look costs more than looking: it is kept for the next message about the same people.
pub(super) fn verify(
    rules: &RecordRules,
    kept: &Kept<Arc<Tracer>>,
    input: &[u8],
    output: &[u8],
) -> Result<Found, RecordFault> {
    let text = text_of(input);
    let mut strangers = Strangers::new(rules);
    let named: Vec<Segment<'_>> = segments(&text)
        .inspect(|segment| strangers.learn(segment))
        .filter(|segment| segment.told.is_some())
        .collect();
    let mut key = String::with_capacity(KEY_BYTES_USUAL);
    let mut ids = Traces::default();
    let mut signs = None;
    for segment in &named {
        if signs.replace(segment.signs) != Some(segment.signs) {
            key.push_str("MSH");
            key.extend(segment.signs.all());
        }
        note(rules, segment, &mut key, &mut ids);
    }
    let people = kept.find(&key).unwrap_or_else(|| {
        let mut people = Traces::default();
        for segment in &named {
            learn(rules, segment, &mut people);
        }
        let tracer = Arc::new(people.compile_when_needed());
        if key.len() <= KEY_BYTES_MAX {
            kept.keep(&key, Arc::clone(&tracer));
        }
        tracer
    });
    let ids = (!ids.is_empty()).then(|| ids.compile_when_needed());
    let tracers: Vec<&Tracer> = [Some(&*people), ids.as_ref()]
        .into_iter()
        .flatten()
        .collect();
    Ok(search(&tracers, &strangers, output))
}

fn search(tracers: &[&Tracer], strangers: &Strangers, output: &[u8]) -> Found {
    let mut found = bytes(tracers, output);
    let mut running = String::new();
    for segment in segments(&text_of(output)) {
        strangers.search(&segment, &mut found);
        if segment.signs.part_codes() && !segment.line.contains(segment.signs.escape) {
            // Every leaf stands in the bytes as it is, and no sign is one of base64.
            search_encoded(tracers, segment.line, &mut found);
        } else {
            for leaf in segment.leaves() {
                let value = segment.unescaped(leaf);
                if value != leaf {
                    for tracer in tracers {
                        found.merge(&tracer.value(&value));
                    }
                }
                search_encoded(tracers, &value, &mut found);
            }
        }
        // A word may go on in the next line of a text.
        let text = match segment.id {
            "OBX" => segment.field(5),
            "NTE" | "DSP" => segment.field(3),
            _ => "",
        };
        running.push_str(&segment.unescaped(text));
        if segment.id == "OBX" && segment.field(2) == "ED" {
            search_document(tracers, &segment, &mut found);
        }
    }
    found.merge(&bytes(tracers, running.as_bytes()));
    found
}

fn bytes(tracers: &[&Tracer], output: &[u8]) -> Found {
    Tracer::bytes_by_all(tracers, output)
}

/// Looks into the text of an embedded document, as far as its form tells it.
fn search_document(tracers: &[&Tracer], segment: &Segment<'_>, found: &mut Found) {
    for one in segment.repetitions(segment.field(5)) {
        let data = split(one, segment.signs.component).nth(4);
        let data = data.unwrap_or_default();
        let data: String = segment.unescaped(data).split_whitespace().collect();
        let Ok(bytes) = BASE64_STANDARD.decode(data) else {
            continue;
        };
        let media_type = format!("{}/{}", segment.part(one, 1), segment.part(one, 2));
        found.merge(&self::bytes(tracers, &bytes));
        if let Ok(text) = wardgate_documents::decoded_text(&media_type, &bytes) {
            for tracer in tracers {
                found.merge(&tracer.value(&text));
            }
        }
    }
}

/// What is known of more people than this is not kept.
const KEY_BYTES_MAX: usize = 16 * 1024;
const KEY_BYTES_USUAL: usize = 1024;
