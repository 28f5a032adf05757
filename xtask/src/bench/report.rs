//! The report: ratios first, then the figures, then how to repeat it.

use std::fmt::Write;

use crate::figures::{Figures, median, percentile_ms};
use crate::load::EVENTS;
use crate::machine::Machine;
use crate::mock::STREAM_PACE;
use crate::note::IDENTIFIERS;

/// A figure that must not get worse than stated.
#[derive(Debug)]
pub(crate) struct Bar {
    name: String,
    measured: String,
    wanted: String,
    pub(crate) met: bool,
}

/// CPU of an answer against the copier's.
const COPIER_RATIO_MOST: f64 = 20.0;
/// Against redact-gateway's and LiteLLM's.
const REDACT_SHARE_MOST: f64 = 1.0 / 4.0;
const LITELLM_SHARE_MOST: f64 = 1.0 / 100.0;
/// Milliseconds added until the first event of a stream.
const FIRST_EVENT_ADDED_MS_MOST: f64 = 1.0;

/// The bars that this run can show.
pub(crate) fn bars(all: &[Figures]) -> Vec<Bar> {
    let (Some(direct), Some(copier)) = (find(all, "direct"), find(all, "TCP copier")) else {
        return Vec::new();
    };
    let Some(gate) = find(all, "wardgate") else {
        return Vec::new();
    };
    let cpu = |figures: &Figures| median(&figures.cpu_closed_us);
    let ratio = |name: &str, base: f64, most: f64, wanted: String| {
        let share = cpu(gate) / base.max(f64::MIN_POSITIVE);
        let measured = if share < 1.0 {
            format!("1/{:.0}", 1.0 / share)
        } else {
            format!("{share:.1}x")
        };
        Bar {
            name: name.to_owned(),
            measured,
            wanted,
            met: share <= most,
        }
    };
    let mut bars = vec![ratio(
        "CPU of an answer against a bare TCP copier",
        cpu(copier),
        COPIER_RATIO_MOST,
        format!("at most {COPIER_RATIO_MOST:.0}x, goal 8x"),
    )];
    if let Some(rival) = find(all, "redact-gateway") {
        let wanted = "at most 1/4, goal 1/10".to_owned();
        bars.push(ratio(
            "CPU of an answer against redact-gateway",
            cpu(rival),
            REDACT_SHARE_MOST,
            wanted,
        ));
    }
    if let Some(rival) = find(all, "LiteLLM + Presidio") {
        let wanted = "at most 1/100".to_owned();
        let name = "CPU of an answer against LiteLLM + Presidio";
        bars.push(ratio(name, cpu(rival), LITELLM_SHARE_MOST, wanted));
    }
    bars.extend(correctness(gate, direct));
    bars
}

/// What must hold whatever the speed.
fn correctness(gate: &Figures, direct: &Figures) -> Vec<Bar> {
    let added = percentile_ms(&gate.first_event, 50) - percentile_ms(&direct.first_event, 50);
    let whole = gate
        .events
        .iter()
        .filter(|events| **events == EVENTS)
        .count();
    let different = gate.different + gate.different_streams;
    let all = gate.answers + gate.streams;
    let bar = |name: &str, measured: String, wanted: &str, met: bool| Bar {
        name: name.to_owned(),
        measured,
        wanted: wanted.to_owned(),
        met,
    };
    vec![
        bar(
            "added until the first event of a stream",
            format!("{added:.2} ms"),
            "at most 1 ms",
            added <= FIRST_EVENT_ADDED_MS_MOST,
        ),
        bar(
            "streams with as many events out as in",
            format!("{whole} of {}", gate.events.len()),
            "all",
            whole == gate.events.len() && whole > 0,
        ),
        bar(
            "answers byte-identical after masking and restoring",
            format!("{} of {all}", all - different),
            "all",
            different == 0 && all > 0,
        ),
        bar(
            "calls that failed",
            gate.failed.to_string(),
            "0",
            gate.failed == 0,
        ),
        bar(
            "planted identifiers that reached the model",
            format!("{} of {}", gate.seen, IDENTIFIERS.len()),
            "0",
            gate.seen == 0,
        ),
    ]
}

/// The bars as lines for a terminal.
pub(crate) fn verdicts(bars: &[Bar]) -> String {
    let mut text = String::new();
    for bar in bars {
        let mark = if bar.met { "met   " } else { "MISSED" };
        let _ = writeln!(
            text,
            "{mark} {}: {} ({})",
            bar.name, bar.measured, bar.wanted
        );
    }
    text
}

/// The tables of figures, in Markdown.
pub(crate) fn tables(all: &[Figures]) -> String {
    let mut text = String::from(
        "| Target | CPU of an answer, closed loop | x copier | CPU at fixed rate | added p50 | added p99 | answers a second |\n\
         |---|---|---|---|---|---|---|\n",
    );
    let floor = find(all, "TCP copier").map_or(0.0, |copier| median(&copier.cpu_closed_us));
    let direct = all.first();
    for figures in all.iter().filter(|figures| !figures.target.streams_only) {
        let added = |percent| {
            let base = direct.map_or(0.0, |direct| percentile_ms(&direct.times, percent));
            let own = percentile_ms(&figures.times, percent);
            if own == base {
                format!("({own:.2} ms in all)")
            } else {
                format!("{:+.2} ms", own - base)
            }
        };
        let cpu = median(&figures.cpu_closed_us);
        let (cpu_text, ratio) = if figures.target.processes.is_empty() {
            ("-".to_owned(), "-".to_owned())
        } else {
            (
                microseconds(cpu),
                format!("{:.1}", cpu / floor.max(f64::MIN_POSITIVE)),
            )
        };
        let _ = writeln!(
            text,
            "| {} | {cpu_text} | {ratio} | {} | {} | {} | {:.0} |",
            figures.target.name,
            microseconds(median(&figures.cpu_fixed_us)),
            added(50),
            added(99),
            median(&figures.answers_per_second),
        );
    }
    text.push_str(&stream_table(all));
    text
}

fn stream_table(all: &[Figures]) -> String {
    let mut text = format!(
        "\n| Target | first event | first text | events of {EVENTS} | CPU of a stream | byte-identical | identifiers at the model | failed | memory |\n\
         |---|---|---|---|---|---|---|---|---|\n"
    );
    for figures in all {
        let most = figures.events.iter().max().copied().unwrap_or(0);
        let least = figures.events.iter().min().copied().unwrap_or(0);
        let events = if most == least {
            most.to_string()
        } else {
            format!("{least} to {most}")
        };
        let all_answers = figures.answers + figures.streams;
        let same = all_answers - figures.different - figures.different_streams;
        let _ = writeln!(
            text,
            "| {} | {:.2} ms | {:.1} ms | {events} | {} | {same} of {all_answers} | {} of {} | {} | {} MB |",
            figures.target.name,
            percentile_ms(&figures.first_event, 50),
            percentile_ms(&figures.first_text, 50),
            microseconds(median(&figures.cpu_stream_us)),
            figures.seen,
            IDENTIFIERS.len(),
            figures.failed,
            figures.memory_mb,
        );
    }
    text
}

/// The whole page.
pub(crate) fn document(all: &[Figures], bars: &[Bar], machine: &Machine) -> String {
    let mut text = String::from(INTRODUCTION);
    text.push_str("| Bar | Measured | Wanted | |\n|---|---|---|---|\n");
    for bar in bars {
        let mark = if bar.met { "met" } else { "**missed**" };
        let _ = writeln!(
            text,
            "| {} | **{}** | {} | {mark} |",
            bar.name, bar.measured, bar.wanted
        );
    }
    let _ = write!(text, "\n## Figures\n\n{}", tables(all));
    let answers: u64 = all.iter().map(|figures| figures.answers).sum();
    let _ = write!(
        text,
        "\n## The machine\n\n{} ({} cores), {} GB of memory, Linux {}, {}. A small synchronous write to its disk \
         takes {:.2} ms; a call waits for two. Load at the end {}; {answers} answers in all.\n",
        machine.processor,
        machine.cores,
        machine.memory_gb,
        machine.kernel,
        machine.compiler,
        machine.sync_ms,
        machine.load,
    );
    let _ = write!(text, "{}", method());
    text
}

fn method() -> String {
    format!(
        "\n## How it is measured\n\n\
         - `cargo xtask bench gate` (with `--rivals` for the others). Everything runs on loopback on one machine: mock model, \
           copier, gates and load are processes of their own; rounds are interleaved, so that a disturbance hits all alike.\n\
         - A call carries a 4 KB invented note with {} planted identifiers of a known patient, inside a chat completion. \
           The model answers with the lines that hold them. Byte-identical means: the text that the client gets is the \
           text that the model would have given to the unmasked note.\n\
         - Wardgate runs with masking, consent and the durable ledger on, over plain HTTP on loopback as the others do, built \
           with the `demo` profile (not link-time optimised; the rivals run as they are installed).\n\
         - CPU is what the scheduler counts for all threads of a server's processes (for LiteLLM: proxy, analyzer, \
           anonymizer), divided by the answers of the phase. Closed loop: 8 kept connections. The fixed rate is 50 calls a \
           second, 5 with rivals. Added times are against `direct` at the same rate; a late answer counts from when its call was due.\n\
         - Streams have {EVENTS} events, one every {} ms.\n\
         - Presidio runs with its pattern recognisers only, without a language model: its cost is a floor, and it finds no names.\n\
         - Absolute times depend on the machine; compare within one run.\n",
        IDENTIFIERS.len(),
        STREAM_PACE.as_millis(),
    )
}

fn find<'a>(all: &'a [Figures], name: &str) -> Option<&'a Figures> {
    all.iter().find(|figures| figures.target.name == name)
}

fn microseconds(value: f64) -> String {
    if value >= 10_000.0 {
        format!("{:.1} ms", value / 1e3)
    } else {
        format!("{value:.0} us")
    }
}

const INTRODUCTION: &str = "\
# Benchmarks

Written by `cargo xtask bench gate --rivals --report`; do not edit by hand. Ratios first: they hold from one machine to the
next, times do not.

";
