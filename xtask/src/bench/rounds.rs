//! The rounds: every target in turn, phase by phase, so that what disturbs the machine disturbs all.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::figures::Figures;
use crate::load::{self, Target};
use crate::rivals::{self, LiteLlm};
use crate::servers::{self, Server};
use crate::wardgate::Gate;
use crate::{RunOptions, cpu};

/// Calls a second in the fixed phase, where all targets can keep that up.
const PER_SECOND: f64 = 50.0;
/// The same when the slowest rival takes part.
const PER_SECOND_WITH_RIVALS: f64 = 5.0;
/// Kept connections of the closed loop.
const CONNECTIONS: usize = 8;
/// Streams of a round, all at the same time.
const STREAMS: usize = 4;

/// Everything that runs during the rounds; ends with them.
struct Field {
    model: Server,
    copier: Server,
    gate: Option<Gate>,
    litellm: Option<LiteLlm>,
    redact: Option<(Server, Server)>,
}

/// Runs all rounds and returns one set of figures for each target, the model itself first.
pub(crate) fn run(options: &RunOptions) -> Result<Vec<Figures>> {
    let field = Field::start(options)?;
    let mut all: Vec<Figures> = field.targets().into_iter().map(Figures::new).collect();
    let rate = if field.litellm.is_some() {
        PER_SECOND_WITH_RIVALS
    } else {
        PER_SECOND
    };
    let fixed_length = if field.litellm.is_some() {
        options.seconds * 3
    } else {
        options.seconds
    };
    for round in 1..=options.rounds {
        for figures in &mut all {
            println!("round {round}: {}", figures.target.name);
            measure(
                figures,
                field.model.address,
                rate,
                fixed_length,
                options.seconds,
            )
            .with_context(|| format!("`{}` in round {round}", figures.target.name))?;
        }
    }
    for figures in &mut all {
        let memory = figures
            .target
            .processes
            .iter()
            .filter_map(|id| cpu::memory_mb(*id));
        figures.memory_mb = memory.sum();
    }
    Ok(all)
}

/// One target, one round.
fn measure(
    figures: &mut Figures,
    model: SocketAddr,
    rate: f64,
    fixed_seconds: u64,
    closed_seconds: u64,
) -> Result<()> {
    let target = figures.target.clone();
    load::seen(model)?;
    if !target.streams_only {
        let fixed = load::fixed(&target, rate, Duration::from_secs(fixed_seconds))?;
        figures.add_fixed(fixed);
        let closed = load::closed(&target, CONNECTIONS, Duration::from_secs(closed_seconds))?;
        figures.add_closed(closed);
    }
    figures.add_streams(load::streams(&target, STREAMS)?);
    figures.add_seen(load::seen(model)?);
    Ok(())
}

impl Field {
    fn start(options: &RunOptions) -> Result<Self> {
        let model = servers::mock()?;
        let copier = servers::copier(model.address)?;
        let home = &options.home;
        let gate = match &options.wardgate {
            Some(program) => Some(Gate::start(program, model.address, home)?),
            None => None,
        };
        let litellm = match &options.litellm {
            Some(environment) => Some(LiteLlm::start(environment, model.address, home)?),
            None => None,
        };
        let redact = match &options.redact_gateway {
            Some(program) => Some((
                rivals::redact_gateway(program, model.address, false, home)?,
                rivals::redact_gateway(program, model.address, true, home)?,
            )),
            None => None,
        };
        Ok(Self {
            model,
            copier,
            gate,
            litellm,
            redact,
        })
    }

    fn targets(&self) -> Vec<Target> {
        let plain = |name, server: &Server| Target {
            name,
            address: server.address,
            headers: vec![("authorization".into(), format!("Bearer {}", rivals::KEY))],
            processes: vec![server.process()],
            streams_only: false,
        };
        let mut targets = vec![
            Target {
                processes: Vec::new(),
                ..plain("direct", &self.model)
            },
            plain("TCP copier", &self.copier),
        ];
        if let Some(gate) = &self.gate {
            targets.push(Target {
                name: "wardgate",
                address: gate.server.address,
                headers: gate.headers.clone(),
                processes: vec![gate.server.process()],
                streams_only: false,
            });
        }
        if let Some((buffered, incremental)) = &self.redact {
            targets.push(plain("redact-gateway", buffered));
            let name = "redact-gateway, incremental";
            targets.push(Target {
                streams_only: true,
                ..plain(name, incremental)
            });
        }
        if let Some(litellm) = &self.litellm {
            let processes = litellm.processes();
            targets.push(Target {
                processes,
                ..plain("LiteLLM + Presidio", &litellm.proxy)
            });
        }
        targets
    }
}
