//! An invocation whose reply streams: it lasts until both the body and the guest have ended.
//!
//! Its time is another one from the head on (`streamMs`, and a time without progress), and its outcome is known only at the end. A
//! body that is only passed on keeps no guest: the invocation then is no more than its permit and its clock.
use super::{Drive, Going, Stop};
use crate::body::follow::Meter;
use crate::body::{BodyStream, Ended, Follower, follow};
use crate::code::{Code, OpError};
use crate::functions::Function;
use crate::invoke::InvokeError;
use daplet_abi::EventKind;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

impl Drive {
    /// The body that the guest names in its reply. From now on the run is that of a stream.
    pub(super) fn begin_stream(&mut self, id: u32) -> Result<BodyStream, InvokeError> {
        if self.kind != EventKind::Http {
            return Err(InvokeError::internal("an event that is no request was answered with a stream"));
        }
        let resources = &self.context.resources;
        let body = resources.outgoing(id).map_err(InvokeError::of_operation)?;
        let (body, follower) = follow(body, resources.meter().clone());
        self.follower = Some(follower);
        Ok(body)
    }

    /// Goes on until the reply's body and the guest have ended. `begun`: how the run went until the reply.
    pub(super) async fn stream(
        &mut self,
        mut follower: Follower,
        mut going: Option<Going>,
        begun: Result<(), Stop>,
    ) -> Result<(), Stop> {
        let meter = self.context.resources.meter().clone();
        let mut overdue = pin!(overdue(meter, Arc::clone(&self.function), self.shared.streams.idle));
        let mut ended = None;
        let run = {
            let mut guest = pin!(async {
                begun?;
                match &mut going {
                    Some(going) => self.wait(going).await,
                    None => Ok(()),
                }
            });
            loop {
                tokio::select! {
                    how = follower.ended(), if ended.is_none() => ended = Some(how),
                    run = &mut guest => break run,
                    late = &mut overdue => break Err(late.into()),
                }
            }
        };
        // What the guest has not closed fails now.
        self.context.resources.end();
        let run = match (run, &ended) {
            (Ok(()), None) => tokio::select! {
                how = follower.ended() => {
                    ended = Some(how);
                    Ok(())
                }
                late = &mut overdue => Err(late.into()),
            },
            (run, _) => run,
        };
        if let Err(Stop::Failed(error)) = &run {
            follower.cut(OpError {
                code: error.code.clone(),
                message: error.detail.clone(),
                details: Default::default(),
            });
        }
        match (&run, ended) {
            (Err(Stop::Failed(error)), None) => self.replied(Some(error)),
            (_, Some(Ended::Failed(why))) => self.replied(Some(&InvokeError::of_operation(why))),
            (_, Some(Ended::Left)) => self.replied(Some(&left())),
            _ => self.replied(None),
        }
        run
    }
}

fn left() -> InvokeError {
    InvokeError { code: Code::Canceled, ..InvokeError::internal("the caller went away before the end of the reply") }
}

/// Ends when the stream has lasted too long, or has stood still for too long.
async fn overdue(meter: Meter, function: Arc<Function>, idle: Duration) -> InvokeError {
    let began = Instant::now();
    let end = began + function.record.limits.stream();
    loop {
        let still = meter.last().max(began) + idle;
        sleep_until(still.min(end)).await;
        if Instant::now() >= end {
            let limit = function.record.limits.stream_ms;
            return InvokeError::limit(Code::ExceededWallTime, "streamMs", limit, &function);
        }
        if meter.last().max(began) + idle <= Instant::now() {
            return InvokeError::idle(&function, idle);
        }
    }
}
