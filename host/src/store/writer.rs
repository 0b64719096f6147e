//! Group commit: writes that arrive during a commit share the next one, so that a durable write costs its share of one
//! `fsync`.
use super::StoreError;
use super::file::DatabaseFile;
use redb::WriteTransaction;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

/// The most changes that share a commit.
const BATCH: usize = 512;

/// A change: writes into the transaction, if there is one, and returns what to call with the commit's result. A change
/// that refuses must do so before it writes, because the changes beside it are committed all the same.
type Work = Box<dyn FnOnce(Option<&WriteTransaction>) -> Finish + Send>;
type Finish = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// A handle of the writing thread, which ends with its last handle.
#[derive(Clone)]
pub struct Writer(Sender<Work>);

impl Writer {
    /// Starts the thread.
    pub fn start(file: Arc<DatabaseFile>) -> std::io::Result<Writer> {
        let (sender, receiver) = channel::<Work>();
        std::thread::Builder::new().name("daplet-store".to_owned()).spawn(move || run(&file, &receiver))?;
        Ok(Writer(sender))
    }

    /// Runs a change; returns its result once it is on disk.
    pub async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&WriteTransaction) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, wait) = oneshot::channel();
        let work: Work = Box::new(move |transaction| {
            let result = transaction.map_or(Err(StoreError::Closed), change);
            Box::new(move |committed| {
                let _nobody_waits = answer.send(committed.and(result));
            })
        });
        self.0.send(work).map_err(|_| StoreError::Closed)?;
        wait.await.map_err(|_| StoreError::Closed)?
    }
}

fn run(file: &DatabaseFile, receiver: &Receiver<Work>) {
    while let Ok(first) = receiver.recv() {
        let batch: Vec<Work> = std::iter::once(first).chain(receiver.try_iter().take(BATCH - 1)).collect();
        let (mut finish, mut batch) = (Vec::with_capacity(batch.len()), batch.into_iter());
        let committed = file.write(|transaction| {
            finish.extend(batch.by_ref().map(|work| work(Some(transaction))));
            Ok::<(), StoreError>(())
        });
        // No transaction could be begun.
        finish.extend(batch.map(|work| work(None)));
        for finish in finish {
            finish(committed.clone());
        }
    }
}
