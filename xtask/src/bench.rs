use crate::workspace::Workspace;
use anyhow::Result;
use clap::Args;
#[derive(Debug, Args)]
pub(crate) struct Options {}
pub(crate) fn run(_w: &Workspace, _o: &Options) -> Result<()> {
    Ok(())
}
