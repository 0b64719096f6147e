//! Snapshots on disk: a private folder with one file for each, so that a restart evaluates nothing.
//!
//! Owns: the folder, its budget, the one thread that writes to it. A file that is missing, damaged or cannot be written
//! only costs one more evaluation, so files are not synced and faults are only logged. Must not know: functions, what a
//! snapshot is used for.
//!
//! - [`writer`]: the thread that changes the folder
mod writer;

use super::file;
use super::{Loaded, SnapshotKey};
use crate::sandbox::Program;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use tokio::sync::{Semaphore, mpsc, oneshot};
use writer::Writer;

/// Extension of a whole file, and of one that is being written.
const WHOLE: &str = "snapshot";
const PARTIAL: &str = "new";
/// Changes that may wait for the writer; each holds its snapshot in memory.
const QUEUE: usize = 64;
/// Files read at once: more would only hold more memory.
const READERS: usize = 16;

/// The folder. Dropping it ends the writer.
#[derive(Debug)]
pub struct Disk {
    folder: Arc<Folder>,
    readers: Semaphore,
    changes: mpsc::Sender<Change>,
}

#[derive(Debug)]
struct Folder {
    path: PathBuf,
    /// The program that the snapshots are of.
    program: Arc<Program>,
    /// Whether a fault has been reported since the last success.
    reported: AtomicBool,
    /// Bytes of all files.
    bytes: AtomicU64,
}

enum Change {
    Put(SnapshotKey, Arc<Loaded>),
    Used(SnapshotKey),
    Remove(SnapshotKey),
    Flush(oneshot::Sender<()>),
}

impl Disk {
    /// Opens or makes the folder at `path`, for at most `max_bytes` bytes of snapshots of `program`. Files of keys that
    /// are not in `live`, where that is known, are removed in the background.
    pub fn open(path: &Path, max_bytes: u64, program: Arc<Program>, live: Option<&[SnapshotKey]>) -> io::Result<Disk> {
        fs::create_dir_all(path)?;
        fs::set_permissions(path, Permissions::from_mode(0o700))?;
        fs::read_dir(path)?;
        let (reported, bytes) = (AtomicBool::new(false), AtomicU64::new(0));
        let folder = Arc::new(Folder { path: path.to_owned(), program, reported, bytes });
        let (changes, queue) = mpsc::channel(QUEUE);
        let writer = Writer::new(Arc::clone(&folder), max_bytes);
        let live = live.map(|live| live.iter().map(name).collect());
        std::thread::Builder::new()
            .name("daplet-snapshots".to_owned())
            .spawn(move || writer.run(live.as_ref(), queue))?;
        Ok(Disk { folder, readers: Semaphore::new(READERS), changes })
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.folder.bytes.load(Relaxed)
    }

    /// The snapshot of `key`, if it is here and whole.
    pub async fn get(&self, key: SnapshotKey) -> Option<Loaded> {
        let _turn = self.readers.acquire().await.ok()?;
        let folder = Arc::clone(&self.folder);
        let loaded = tokio::task::spawn_blocking(move || folder.read(&key)).await.ok()??;
        // Without it the file only looks older than it is.
        let _dropped = self.changes.try_send(Change::Used(key));
        Some(loaded)
    }

    /// Keeps a snapshot; waits for a place in the writer's queue, not for the writer.
    pub async fn put(&self, key: SnapshotKey, loaded: Arc<Loaded>) {
        let _ended = self.changes.send(Change::Put(key, loaded)).await;
    }

    /// As [`Disk::put`], but drops the snapshot rather than wait.
    pub fn offer(&self, key: SnapshotKey, loaded: Arc<Loaded>) {
        let _dropped = self.changes.try_send(Change::Put(key, loaded));
    }

    /// Removes a snapshot; waits as [`Disk::put`] does.
    pub async fn remove(&self, key: SnapshotKey) {
        let _ended = self.changes.send(Change::Remove(key)).await;
    }

    /// Waits until the writer has done every change before this one.
    pub async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        if self.changes.send(Change::Flush(done)).await.is_ok() {
            let _ended = wait.await;
        }
    }
}

/// A file's name without its extension. Half of the key: the file holds all of it.
fn name(key: &SnapshotKey) -> String {
    key.0.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

impl Folder {
    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name).with_extension(WHOLE)
    }

    /// Reports a fault once until the next success: a full disk would fill the log as well.
    fn report(&self, what: &str, path: &Path, error: &io::Error) {
        if self.reported.swap(true, Relaxed) {
            tracing::debug!("cannot {what} {}: {error}", path.display());
        } else {
            tracing::warn!("cannot {what} {}: {error}; such functions are loaded again when needed", path.display());
        }
    }

    fn read(&self, key: &SnapshotKey) -> Option<Loaded> {
        let path = self.file(&name(key));
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                self.report("read", &path, &error);
                return None;
            }
        };
        match file::read(&self.program, key, &bytes) {
            Ok(loaded) => Some(loaded),
            Err(error) => {
                // The new snapshot is written over it, so this is logged once for each.
                tracing::warn!("the snapshot {} is not used, the function is loaded again: {error}", path.display());
                None
            }
        }
    }

    /// Readers see the whole file or none. Not synced: the checksum shows a file cut short by a power failure.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let partial = path.with_extension(PARTIAL);
        let file: io::Result<File> =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial);
        let written = file.and_then(|mut file| file.write_all(bytes)).and_then(|()| fs::rename(&partial, path));
        if written.is_err() {
            let _unfinished = fs::remove_file(&partial);
        }
        written
    }
}
