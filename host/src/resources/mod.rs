//! What stays open between the operations of one invocation: its bodies. They are closed at its end, in the guest or out of it.
//!
//! Owns: the numbers of open bodies, how many there may be, who may do what with one. Must not know: operations, HTTP, the guest.
//!
//! # Layout
//! - [`chunk`]: how much of a body one read takes
//!
//! Bodies that the guest reads get even numbers from here, the request's the first; for bodies that it writes it chooses odd ones.
mod chunk;
#[cfg(test)]
mod tests;

use crate::body::follow::Meter;
use crate::body::{BodyStream, Writer, pipe};
use crate::code::{Code, OpError};
use bytes::Bytes;
use chunk::next;
use serde_json::json;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// The number of the request's body.
pub const REQUEST: u32 = 2;
/// The setting that bounds how much is open.
const SETTING: &str = "open_resources";

/// The open bodies of one invocation.
#[derive(Debug, Default)]
pub struct Resources {
    most: usize,
    /// Made with the first body.
    meter: OnceLock<Meter>,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    open: Vec<(u32, Resource)>,
    /// How many bodies beside the request's have been given to the guest.
    given: u32,
    request: Request,
    /// The invocation has ended.
    over: bool,
}

/// What has become of the request's body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Request {
    /// It came with the event.
    #[default]
    Absent,
    /// Nobody has touched it.
    Untouched,
    /// It was read or passed on, in part at least.
    Touched,
}

#[derive(Debug)]
enum Resource {
    /// A body that the guest reads; absent while a read waits for its next chunk.
    Read(Option<BodyStream>),
    /// A body that the guest writes.
    Write(Writer),
}

impl Table {
    fn touch(&mut self, id: u32) {
        if id == REQUEST && self.request == Request::Untouched {
            self.request = Request::Touched;
        }
    }
}

fn refused(code: Code, message: String) -> OpError {
    OpError { code, message, details: serde_json::Value::Null }
}

fn unknown(id: u32) -> OpError {
    refused(Code::InvalidArgument, format!("no body {id} is open: it was read to its end, closed or passed on"))
}

impl Resources {
    /// An empty table for at most `most` bodies at once.
    pub fn new(most: usize) -> Resources {
        Resources { most, ..Resources::default() }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in the request's body, as [`REQUEST`].
    pub fn insert_request(&self, body: BodyStream) {
        let mut table = self.table();
        table.request = Request::Untouched;
        table.open.push((REQUEST, Resource::Read(Some(body))));
    }

    /// What goes through the bodies.
    pub fn meter(&self) -> &Meter {
        self.meter.get_or_init(Meter::default)
    }

    /// What went through the guest since the last call, bytes.
    pub fn carried(&self) -> u64 {
        self.meter.get().map_or(0, Meter::collect)
    }

    /// Takes in a body for the guest to read; returns its number.
    pub fn insert(&self, body: BodyStream) -> Result<u32, OpError> {
        let mut table = self.table();
        self.check(&table)?;
        table.given += 1;
        let id = REQUEST + table.given * 2;
        table.open.push((id, Resource::Read(Some(body))));
        Ok(id)
    }

    fn check(&self, table: &Table) -> Result<(), OpError> {
        let open = table.open.len();
        if open < self.most && !table.over {
            return Ok(());
        }
        let message = format!(
            "the invocation has {open} bodies open, of at most {} ({SETTING}): read or cancel some first",
            self.most
        );
        let details = json!({"limit": SETTING, "value": self.most});
        Err(OpError { details, ..refused(Code::TooManyOpen, message) })
    }

    /// The body that leaves as `id`: one that the guest reads is passed on as it is, any other is one that the guest begins to write.
    pub fn outgoing(&self, id: u32) -> Result<BodyStream, OpError> {
        if id.is_multiple_of(2) {
            return self.take(id);
        }
        let mut table = self.table();
        self.check(&table)?;
        if table.open.iter().any(|(open, _)| *open == id) {
            return Err(refused(Code::InvalidArgument, format!("the body {id} is open already")));
        }
        let (writer, body) = pipe();
        table.open.push((id, Resource::Write(writer)));
        Ok(body)
    }

    /// Takes a body out of the table.
    fn take(&self, id: u32) -> Result<BodyStream, OpError> {
        let mut table = self.table();
        table.touch(id);
        let found = table.open.iter().position(|(open, _)| *open == id).ok_or_else(|| unknown(id))?;
        match &mut table.open[found].1 {
            Resource::Read(Some(_)) => match table.open.swap_remove(found).1 {
                Resource::Read(Some(body)) => Ok(body),
                _ => Err(unknown(id)),
            },
            Resource::Read(None) => Err(refused(Code::InvalidArgument, format!("the body {id} is being read"))),
            Resource::Write(_) => Err(refused(Code::InvalidArgument, format!("the body {id} can only be written"))),
        }
    }

    /// The next chunk of a body; `None` at its end.
    pub async fn read(&self, id: u32) -> Result<Option<Bytes>, OpError> {
        let body = {
            let mut table = self.table();
            table.touch(id);
            match table.open.iter_mut().find(|(open, _)| *open == id) {
                Some((_, Resource::Read(body))) => body.take().ok_or_else(|| {
                    refused(Code::InvalidArgument, format!("the body {id} is being read; wait for that read first"))
                })?,
                Some((_, Resource::Write(_))) => {
                    return Err(refused(Code::InvalidArgument, format!("the body {id} can only be written")));
                }
                None => return Err(unknown(id)),
            }
        };
        // Dropped in the middle of a read, as with the whole invocation, the body is closed.
        let (chunk, body) = next(body).await;
        let mut table = self.table();
        let found = table.open.iter().position(|(open, _)| *open == id);
        match (found, body) {
            (Some(found), Some(body)) => table.open[found].1 = Resource::Read(Some(body)),
            (Some(found), None) => drop(table.open.swap_remove(found)),
            // Canceled meanwhile.
            (None, _) => return Err(unknown(id)),
        }
        drop(table);
        let chunk = chunk?;
        self.meter().carried(chunk.as_ref().map_or(0, Bytes::len));
        Ok(chunk)
    }

    fn writer(&self, id: u32) -> Result<Writer, OpError> {
        match self.table().open.iter().find(|(open, _)| *open == id) {
            Some((_, Resource::Write(writer))) => Ok(writer.clone()),
            Some((_, Resource::Read(_))) => {
                Err(refused(Code::InvalidArgument, format!("the body {id} can only be read")))
            }
            None => Err(unknown(id)),
        }
    }

    /// Writes the next chunk of a body, once there is room for it.
    pub async fn write(&self, id: u32, chunk: Bytes) -> Result<(), OpError> {
        let (writer, size) = (self.writer(id)?, chunk.len());
        if size > 0 {
            let gone = |_| refused(Code::Canceled, format!("the reader of the body {id} went away"));
            writer.write(chunk).await.map_err(gone)?;
            self.meter().carried(size);
        }
        Ok(())
    }

    /// Ends when the reader of a body that the guest writes goes away.
    pub async fn gone(&self, id: u32) -> Result<(), OpError> {
        let gone = self.writer(id)?.gone();
        gone.await;
        Ok(())
    }

    /// Ends a body that the guest writes: it is complete.
    pub fn close(&self, id: u32) -> Result<(), OpError> {
        self.writer(id)?.end(Ok(()));
        self.remove(id);
        Ok(())
    }

    /// Gives a body up: what is not read is dropped, and one that is written fails for this `reason`. One that is not open any more
    /// needs nothing.
    pub fn cancel(&self, id: u32, reason: &str) {
        if let Ok(writer) = self.writer(id) {
            writer.end(Err(refused(Code::Exception, reason.to_owned())));
        }
        self.remove(id);
    }

    fn remove(&self, id: u32) {
        let mut table = self.table();
        let found = table.open.iter().position(|(open, _)| *open == id);
        let removed = found.map(|found| table.open.swap_remove(found));
        drop(table);
        drop(removed);
    }

    /// Whether the handler can run again: the request's body is as it was.
    pub fn rewinds(&self) -> bool {
        self.table().request != Request::Touched
    }

    /// Closes what a run of the handler opened, so that it can run again.
    pub fn rewind(&self) {
        let mut table = self.table();
        table.open.retain(|(id, _)| *id == REQUEST);
        table.given = 0;
    }

    /// Closes everything: the invocation has ended.
    pub fn end(&self) {
        let mut table = self.table();
        table.over = true;
        let open = std::mem::take(&mut table.open);
        drop(table);
        drop(open);
    }
}
