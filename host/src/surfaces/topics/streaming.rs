//! Topics by streams from the sidecar: opened and ended as functions come, change and go; opened again after the sidecar was away.
use super::batch::Batches;
use super::{deliver_to_all, topics};
use crate::blocks::pubsub::event::Event;
use crate::dapr::subscription::{Events, Outcomes, Status, Topic};
use crate::dapr::{DaprError, Sidecar};
use crate::functions::Registry;
use crate::invoke::Invoker;
use daplet_abi::reply::AckStatus;
use futures::stream::{FuturesUnordered, StreamExt};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Pause before a stream is opened again, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// Maintains the streams.
pub struct Streams {
    /// The way to the sidecar.
    pub sidecar: Sidecar,
    /// Who subscribes.
    pub registry: Arc<Registry>,
    /// What runs them.
    pub invoker: Invoker,
    /// Ends it.
    pub stop: CancellationToken,
}

impl Streams {
    /// Follows the registry until stopped: each topic has one stream, and no other has.
    pub async fn run(self) {
        let shared = Arc::new(self);
        let (tasks, mut running) = (TaskTracker::new(), Vec::<(Topic, CancellationToken)>::new());
        let mut changes = shared.registry.changes();
        loop {
            let wanted = topics(&shared.registry);
            running.retain(|(topic, stop)| {
                let keep = wanted.contains(topic);
                if !keep {
                    stop.cancel();
                }
                keep
            });
            for topic in wanted {
                if running.iter().all(|(open, _)| *open != topic) {
                    let stop = shared.stop.child_token();
                    tasks.spawn(Arc::clone(&shared).follow(topic.clone(), stop.clone()));
                    running.push((topic, stop));
                }
            }
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { break },
                () = shared.stop.cancelled() => break,
            }
        }
        tasks.close();
        tasks.wait().await;
    }

    /// Keeps one topic's stream open.
    async fn follow(self: Arc<Self>, topic: Topic, stop: CancellationToken) {
        let (name, mut pause, mut told) = (&topic.topic, PAUSE.0, false);
        while !stop.is_cancelled() {
            let opened = tokio::select! {
                opened = self.sidecar.subscribe(&topic) => opened,
                () = stop.cancelled() => return,
            };
            let error = match opened {
                Ok((events, outcomes)) => {
                    tracing::info!("subscribed to {name} of {}", topic.pubsub);
                    (pause, told) = (PAUSE.0, false);
                    match self.serve(&topic, events, outcomes, &stop).await {
                        Ok(()) => return,
                        Err(error) => error,
                    }
                }
                Err(error) => error,
            };
            if !told {
                tracing::warn!("the subscription to {name} of {} ended: {error}; trying again", topic.pubsub);
            }
            told = true;
            tokio::select! {
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(PAUSE.1),
                () = stop.cancelled() => return,
            }
        }
    }

    /// Delivers until the stream fails, or until stopped and nothing is in flight: there are components that take a message
    /// without an outcome as failed for good.
    async fn serve(
        &self,
        topic: &Topic,
        mut events: Events,
        outcomes: Outcomes,
        stop: &CancellationToken,
    ) -> Result<(), DaprError> {
        // What is in flight is answered soon once no more comes.
        let last = stop.child_token();
        let batches = Batches::new(Arc::clone(&self.registry), self.invoker.clone(), last.clone());
        let batches = &batches;
        let mut in_flight = FuturesUnordered::new();
        loop {
            if stop.is_cancelled() && in_flight.is_empty() {
                outcomes.end(events).await;
                return Ok(());
            }
            tokio::select! {
                event = events.next() => match event {
                    Ok((id, event)) => in_flight.push(async move {
                        let place = (topic.pubsub.as_str(), topic.topic.as_str());
                        match Event::read(event) {
                            Some(event) => (id, deliver_to_all(batches, place, &event).await),
                            None => (id, AckStatus::Drop),
                        }
                    }),
                    Err(error) => {
                        // What has begun is finished, although the sidecar no longer waits for the outcome.
                        last.cancel();
                        while in_flight.next().await.is_some() {}
                        return Err(error);
                    }
                },
                Some((id, status)) = in_flight.next(), if !in_flight.is_empty() => {
                    outcomes.processed(id, match status {
                        AckStatus::Success => Status::Success,
                        AckStatus::Retry => Status::Retry,
                        AckStatus::Drop => Status::Drop,
                    });
                }
                () = stop.cancelled(), if in_flight.is_empty() => {}
            }
        }
    }
}
