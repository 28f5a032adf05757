//! What the rounds of one target gave together.

use std::time::Duration;

use crate::load::{Phase, Streams, Target};

/// All measurements of one target.
#[derive(Debug)]
pub(crate) struct Figures {
    pub(crate) target: Target,
    /// CPU of each answer in microseconds, one value for each round.
    pub(crate) cpu_fixed_us: Vec<f64>,
    pub(crate) cpu_closed_us: Vec<f64>,
    pub(crate) cpu_stream_us: Vec<f64>,
    pub(crate) answers_per_second: Vec<f64>,
    /// Every answer's time of the fixed phases.
    pub(crate) times: Vec<Duration>,
    pub(crate) first_event: Vec<Duration>,
    pub(crate) first_text: Vec<Duration>,
    pub(crate) events: Vec<usize>,
    pub(crate) answers: u64,
    pub(crate) streams: u64,
    pub(crate) failed: u64,
    pub(crate) different: u64,
    pub(crate) different_streams: u64,
    /// The most identifiers that the model saw in a round.
    pub(crate) seen: u32,
    pub(crate) memory_mb: u64,
}

impl Figures {
    pub(crate) fn new(target: Target) -> Self {
        Self {
            target,
            cpu_fixed_us: Vec::new(),
            cpu_closed_us: Vec::new(),
            cpu_stream_us: Vec::new(),
            answers_per_second: Vec::new(),
            times: Vec::new(),
            first_event: Vec::new(),
            first_text: Vec::new(),
            events: Vec::new(),
            answers: 0,
            streams: 0,
            failed: 0,
            different: 0,
            different_streams: 0,
            seen: 0,
            memory_mb: 0,
        }
    }

    pub(crate) fn add_fixed(&mut self, phase: Phase) {
        self.cpu_fixed_us.push(per(phase.cpu, phase.times.len()));
        self.count(&phase);
        self.times.extend(phase.times);
    }

    pub(crate) fn add_closed(&mut self, phase: Phase) {
        self.cpu_closed_us.push(per(phase.cpu, phase.times.len()));
        self.answers_per_second
            .push(phase.times.len() as f64 / phase.elapsed.as_secs_f64());
        self.count(&phase);
    }

    pub(crate) fn add_streams(&mut self, streams: Streams) {
        self.cpu_stream_us
            .push(per(streams.cpu, streams.events.len()));
        self.streams += streams.events.len() as u64;
        self.failed += streams.failed;
        self.different_streams += streams.different;
        self.first_event.extend(streams.first_event);
        self.first_text.extend(streams.first_text);
        self.events.extend(streams.events);
    }

    pub(crate) fn add_seen(&mut self, seen: u32) {
        self.seen = self.seen.max(seen);
    }

    fn count(&mut self, phase: &Phase) {
        self.answers += phase.times.len() as u64;
        self.failed += phase.failed;
        self.different += phase.different;
    }
}

/// CPU of each answer in microseconds.
fn per(cpu: Duration, answers: usize) -> f64 {
    cpu.as_secs_f64() * 1e6 / answers.max(1) as f64
}

/// The middle value; zero when there is none.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = sorted.get(middle).copied().unwrap_or(0.0);
    if sorted.len() % 2 == 1 {
        return upper;
    }
    let lower = middle.checked_sub(1).and_then(|at| sorted.get(at)).copied();
    lower.map_or(upper, |lower| f64::midpoint(lower, upper))
}

/// The value below which so many hundredths lie, in milliseconds.
pub(crate) fn percentile_ms(times: &[Duration], percent: usize) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort();
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn middles_and_hundredths() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(&[1.0, 2.0]) - 1.5).abs() < 1e-9);
        assert!(median(&[]).abs() < 1e-9);
        let times: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        assert!((percentile_ms(&times, 50) - 51.0).abs() < 1e-9);
        assert!((percentile_ms(&times, 99) - 100.0).abs() < 1e-9);
        assert!(percentile_ms(&[], 99).abs() < 1e-9);
    }
}
