//! The program around one host: configuration, host, addresses, signals, end.
//!
//! # Layout
//! - [`stop`]: signals, and the time between the first and the end of serving
mod stop;

pub use crate::host::compile;

use crate::config::Config;
use crate::host::{Fatal, Host, settle_process};
use crate::telemetry::announce;
use std::path::PathBuf;

/// Runs a server until a signal ends it.
pub fn serve(config: Config) -> Result<(), Fatal> {
    settle_process();
    // This program itself, even where its file has been replaced since.
    let host = Host::build(config, PathBuf::from("/proc/self/exe"))?;
    host.block_on(async {
        let serving = host.serve(host.listen().await?).await?;
        greet(host.config());
        let mut signals = stop::Signals::listen()?;
        signals.stop().await;
        host.retire();
        signals.drain(host.config().drain).await;
        host.drain(serving).await;
        if host.config().verify_restore > 0 {
            let text = format!("the whole memory was found to be its snapshot {} times", host.verified());
            announce(host.config().log_format, &text);
        }
        Ok(())
    })
}

/// Logs the addresses of the server.
fn greet(config: &Config) {
    let say = |text: String| announce(config.log_format, &text);
    say(format!("listening on http://{}", config.listen));
    if let Some(place) = &config.admin.listen {
        say(format!("management on {place}"));
    }
    let (http, grpc, app_id) = (config.dapr_listen, config.dapr_grpc_listen, &config.app_id);
    match &config.sidecar {
        Some(sidecar) => say(format!("using the Dapr sidecar at {}", sidecar.http)),
        None => say(format!("Dapr's HTTP API on http://{http}, gRPC on {grpc}, app-id {app_id}")),
    }
}
