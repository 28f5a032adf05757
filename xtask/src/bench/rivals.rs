//! The rivals, set up as their own documents say: masking with restored answers.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::servers::{Server, free_port};

/// Presidio as two small servers, LiteLLM in front of them.
#[derive(Debug)]
pub(crate) struct LiteLlm {
    pub(crate) proxy: Server,
    analyzer: Server,
    anonymizer: Server,
}

impl LiteLlm {
    /// Starts all three from a Python environment.
    pub(crate) fn start(environment: &Path, model: SocketAddr, home: &Path) -> Result<Self> {
        let script = home.join("presidio.py");
        std::fs::write(&script, include_str!("presidio.py"))?;
        let presidio = |role: &str| {
            let port = free_port()?;
            let mut command = Command::new(environment.join("python"));
            command.arg(&script).arg(role).arg(port.to_string());
            Server::on_port(&mut command, port, &home.join(format!("{role}.log")))
        };
        let (analyzer, anonymizer) = (presidio("analyzer")?, presidio("anonymizer")?);
        let config = home.join("litellm.yaml");
        std::fs::write(
            &config,
            configuration(model, analyzer.address, anonymizer.address),
        )?;
        let port = free_port()?;
        let mut command = Command::new(environment.join("litellm"));
        command
            .arg("--config")
            .arg(config)
            .args(["--host", "127.0.0.1", "--port"]);
        command.arg(port.to_string()).current_dir(home);
        // It must not go looking for prices, or report home, while it is measured.
        command
            .env("LITELLM_LOCAL_MODEL_COST_MAP", "True")
            .env("LITELLM_TELEMETRY", "False");
        command.env("LITELLM_MASTER_KEY", KEY);
        let proxy = Server::on_port(&mut command, port, &home.join("litellm.log"))?;
        Ok(Self {
            proxy,
            analyzer,
            anonymizer,
        })
    }

    /// All three count: the masking is done in two of them.
    pub(crate) fn processes(&self) -> Vec<u32> {
        [&self.proxy, &self.analyzer, &self.anonymizer]
            .map(Server::process)
            .to_vec()
    }
}

/// LiteLLM refuses to start without one. It guards nothing but an invented note.
pub(crate) const KEY: &str = "sk-bench-5d1f0c7be2a94f3e8c6b7a0d4e1f2a3b5c6d7e8f9a0b1c2d";

fn configuration(model: SocketAddr, analyzer: SocketAddr, anonymizer: SocketAddr) -> String {
    format!(
        "\
model_list:
  - model_name: ward-chat
    litellm_params:
      model: openai/ward-chat
      api_base: http://{model}/v1
      api_key: none
guardrails:
  - guardrail_name: presidio
    litellm_params:
      guardrail: presidio
      mode: pre_call
      default_on: true
      output_parse_pii: true
      presidio_analyzer_api_base: http://{analyzer}
      presidio_anonymizer_api_base: http://{anonymizer}
litellm_settings:
  telemetry: false
general_settings:
  disable_spend_logs: true
"
    )
}

/// redact-gateway in its reversible profile, with its token map in memory. By default it holds the
/// whole answer back; `incremental` is its other way with streams.
pub(crate) fn redact_gateway(
    program: &Path,
    model: SocketAddr,
    incremental: bool,
    home: &Path,
) -> Result<Server> {
    let port = free_port()?;
    let mode = if incremental {
        "incremental"
    } else {
        "buffered"
    };
    let mut command = Command::new(program);
    command
        .args(["--host", "127.0.0.1", "--port"])
        .arg(port.to_string());
    command
        .arg("--provider-base-url")
        .arg(format!("http://{model}"));
    command
        .env("OTEL_SDK_DISABLED", "true")
        .env("CENSGATE_VAULT_BACKEND", "memory");
    command
        .env("CENSGATE_DEFAULT_PROFILE", "reversible")
        .env("CENSGATE_STREAM_MODE", mode);
    Server::on_port(
        &mut command,
        port,
        &home.join(format!("redact-gateway-{mode}.log")),
    )
}
