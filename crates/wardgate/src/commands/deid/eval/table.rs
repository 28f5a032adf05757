//! The figures as a person or a machine reads them, what leaks first.

use serde_json::{Value, json};
use wardgate_deid::Kind;
use wardgate_deid::score::{Score, Share};

use super::super::span::type_name;

pub(super) fn text(score: &Score, texts: usize) -> String {
    let share = |name: &str, share: Share, of: &str| {
        let figure = match share.of {
            0 => "-".to_owned(),
            _ => format!("{:.2} %", share.percent()),
        };
        format!(
            "{name:<22}{figure:>9}   {} of {} {of}\n",
            share.part, share.of
        )
    };
    let mut text = share(
        "Leak rate",
        score.leaking,
        "texts with identifiers leak any",
    );
    text.push_str(&share(
        "Whole spans",
        score.whole(),
        "identifiers found to the last letter",
    ));
    text.push_str(&share(
        "Character recall",
        score.recall(),
        "letters and digits that identify",
    ));
    text.push_str(&share(
        "Character precision",
        score.precision(),
        "letters and digits found",
    ));
    text.push_str(&format!("{:<22}{:>7.2} %\n", "Character F1", f1(score)));
    text.push_str(&format!(
        "{:<22}{:>9.2}   per 1,000 tokens: {} in {}\n",
        "False alarms",
        alarms(score),
        score.false_alarms,
        score.tokens
    ));
    text.push_str(&share(
        "Clean texts altered",
        score.altered,
        "texts without identifiers",
    ));
    text.push_str(&format!("\n{}\n\n{texts} texts", kinds(score)));
    text
}

pub(super) fn json(score: &Score, texts: usize, incomplete: u64) -> Value {
    let share = |share: Share| {
        let percent = (share.of > 0).then(|| rounded(share.percent()));
        json!({"part": share.part, "of": share.of, "percent": percent})
    };
    let kinds: serde_json::Map<String, Value> = every_kind(score)
        .map(|kind| {
            let (spans, counts) = of(score, kind);
            let value = json!({
                "spans": share(spans),
                "leaks": spans.of - spans.part,
                "character_recall": share(counts.0),
                "character_precision": share(counts.1),
            });
            (type_name(kind).to_owned(), value)
        })
        .collect();
    json!({
        "texts": texts,
        "texts_not_wholly_reviewed": incomplete,
        "leak_rate": share(score.leaking),
        "whole_spans": share(score.whole()),
        "character_recall": share(score.recall()),
        "character_precision": share(score.precision()),
        "character_f1_percent": rounded(f1(score)),
        "tokens": score.tokens,
        "false_alarms": score.false_alarms,
        "false_alarms_per_1000_tokens": rounded(alarms(score)),
        "clean_texts_altered": share(score.altered),
        "types": kinds,
    })
}

fn kinds(score: &Score) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["Type", "Spans", "Whole", "Leaks", "Recall", "Precision"]);
    let percent = |share: Share| match share.of {
        0 => "-".to_owned(),
        _ => format!("{:.2} %", share.percent()),
    };
    for kind in every_kind(score) {
        let (spans, (found, right)) = of(score, kind);
        table.add_row([
            type_name(kind).to_owned(),
            spans.of.to_string(),
            percent(spans),
            (spans.of - spans.part).to_string(),
            percent(found),
            percent(right),
        ]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(comfy_table::CellAlignment::Right);
    }
    table.to_string()
}

fn every_kind(score: &Score) -> impl Iterator<Item = Kind> {
    Kind::ALL
        .into_iter()
        .filter(|kind| score.kinds.contains_key(kind) || score.spans.contains_key(kind))
}

fn of(score: &Score, kind: Kind) -> (Share, (Share, Share)) {
    let spans = score.spans.get(&kind).copied().unwrap_or_default();
    let counts = score.kinds.get(&kind).copied().unwrap_or_default();
    (spans, (counts.found, counts.right))
}

fn f1(score: &Score) -> f64 {
    let (recall, precision) = (score.recall().percent(), score.precision().percent());
    match recall + precision {
        0.0 => 0.0,
        sum => 2.0 * recall * precision / sum,
    }
}

fn alarms(score: &Score) -> f64 {
    let share = Share {
        part: score.false_alarms,
        of: score.tokens,
    };
    share.percent() * 10.0
}

fn rounded(figure: f64) -> f64 {
    (figure * 100.0).round() / 100.0
}
