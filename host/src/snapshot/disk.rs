//! Snapshots on disk: a private folder with one file for each, so that a restart evaluates nothing.
//!
//! Owns: the folder, its budget, the one thread that writes to it. Nothing here is needed: whatever is missing, damaged or
//! cannot be written costs one more evaluation, so files are not synced and faults are only told in the log. Must not know:
//! functions, what a snapshot is used for.
use super::file;
use super::{Loaded, SnapshotKey};
use crate::sandbox::Base;
use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::SystemTime;
use tokio::sync::{Semaphore, mpsc, oneshot};

/// Extension of a whole file, and of one that is being written.
const WHOLE: &str = "snapshot";
const PARTIAL: &str = "new";
/// Changes that may wait for the writer; each holds its snapshot in memory.
const QUEUE: usize = 64;
/// How much less the writer's work counts than that of requests.
const PRIORITY: i32 = 10;
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
    base: Base,
    /// A fault has been told and nothing has gone well since.
    told: AtomicBool,
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
    /// Opens or makes the folder at `path`, for at most `max_bytes` bytes of snapshots over `base`. Files of others than
    /// `live`, where that is known, are removed in the background.
    pub fn open(path: &Path, max_bytes: u64, base: Base, live: Option<&[SnapshotKey]>) -> io::Result<Disk> {
        fs::create_dir_all(path)?;
        fs::set_permissions(path, Permissions::from_mode(0o700))?;
        fs::read_dir(path)?;
        let folder =
            Arc::new(Folder { path: path.to_owned(), base, told: AtomicBool::new(false), bytes: AtomicU64::new(0) });
        let (changes, queue) = mpsc::channel(QUEUE);
        let writer = Writer { folder: Arc::clone(&folder), max_bytes, files: HashMap::new(), bytes: 0, tick: 0 };
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
        // Only its age depends on it.
        let _unnoticed = self.changes.try_send(Change::Used(key));
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

    /// Waits until everything asked for so far has been done.
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

    /// Tells a fault once, until something goes well again: a full disk would fill the log as well.
    fn tell(&self, what: &str, path: &Path, error: &io::Error) {
        if self.told.swap(true, Relaxed) {
            tracing::debug!("cannot {what} {}: {error}", path.display());
        } else {
            tracing::warn!("cannot {what} {}: {error}; such functions are loaded anew when needed", path.display());
        }
    }

    fn read(&self, key: &SnapshotKey) -> Option<Loaded> {
        let path = self.file(&name(key));
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                self.tell("read", &path, &error);
                return None;
            }
        };
        match file::read(&self.base, key, &bytes) {
            Ok(loaded) => Some(loaded),
            Err(error) => {
                // What is made instead is written over it, so this is said once of each.
                tracing::warn!("the snapshot {} is not used, the function is loaded anew: {error}", path.display());
                None
            }
        }
    }

    /// Readers see the whole file or none. Not synced: after a power failure the checksum tells.
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

/// One file, as the writer knows it.
#[derive(Clone, Copy)]
struct Kept {
    bytes: u64,
    /// When it was used last; larger is later.
    used: u64,
}

/// The writing thread's state. It alone changes the folder.
struct Writer {
    folder: Arc<Folder>,
    max_bytes: u64,
    files: HashMap<String, Kept>,
    bytes: u64,
    tick: u64,
}

impl Writer {
    fn run(mut self, live: Option<&HashSet<String>>, mut queue: mpsc::Receiver<Change>) {
        // Of this thread alone. Nobody waits for a file, and requests need the processor; without it they are only slower.
        let _same = rustix::process::nice(PRIORITY);
        if let Err(error) = self.tidy(live) {
            self.folder.tell("read", &self.folder.path, &error);
        }
        while let Some(change) = queue.blocking_recv() {
            match change {
                Change::Put(key, loaded) => self.put(&key, &loaded),
                Change::Remove(key) => self.remove(&name(&key)),
                Change::Used(key) => {
                    self.tick += 1;
                    if let Some(kept) = self.files.get_mut(&name(&key)) {
                        kept.used = self.tick;
                    }
                }
                Change::Flush(done) => drop(done.send(())),
            }
        }
    }

    /// Learns what is there; removes what was left half-written and what belongs to no live function.
    fn tidy(&mut self, live: Option<&HashSet<String>>) -> io::Result<()> {
        let mut found: Vec<(SystemTime, String, u64)> = Vec::new();
        for entry in fs::read_dir(&self.folder.path)? {
            let path = entry?.path();
            let extension = path.extension().unwrap_or_default();
            let (Some(name), true) =
                (path.file_stem().and_then(|name| name.to_str()), extension == WHOLE || extension == PARTIAL)
            else {
                continue;
            };
            match fs::metadata(&path) {
                Ok(data) if extension == WHOLE && live.is_none_or(|live| live.contains(name)) => {
                    found.push((data.modified().unwrap_or(SystemTime::UNIX_EPOCH), name.to_owned(), data.len()));
                }
                _ => self.delete(&path),
            }
        }
        found.sort();
        for (_, name, bytes) in found {
            self.add(name, bytes);
        }
        self.evict();
        Ok(())
    }

    fn add(&mut self, name: String, bytes: u64) {
        self.tick += 1;
        let before = self.files.insert(name, Kept { bytes, used: self.tick });
        self.bytes = self.bytes + bytes - before.map_or(0, |kept| kept.bytes);
        self.folder.bytes.store(self.bytes, Relaxed);
    }

    fn put(&mut self, key: &SnapshotKey, loaded: &Loaded) {
        let (name, bytes) = (name(key), file::write(&self.folder.base, key, loaded));
        let (path, length) = (self.folder.file(&name), bytes.len() as u64);
        if length > self.max_bytes {
            return;
        }
        match self.folder.write(&path, &bytes) {
            Ok(()) => {
                self.folder.told.store(false, Relaxed);
                self.add(name, length);
                self.evict();
            }
            Err(error) => self.folder.tell("write", &path, &error),
        }
    }

    fn remove(&mut self, name: &str) {
        if let Some(kept) = self.files.remove(name) {
            self.bytes -= kept.bytes;
            self.folder.bytes.store(self.bytes, Relaxed);
            self.delete(&self.folder.file(name));
        }
    }

    fn delete(&self, path: &Path) {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => self.folder.tell("remove", path, &error),
            _ => {}
        }
    }

    /// Removes the files unused for longest until there is room for an eighth of the budget: sorting them all for each new
    /// file would be dear.
    fn evict(&mut self) {
        if self.bytes <= self.max_bytes {
            return;
        }
        let mut oldest: Vec<(u64, String)> = self.files.iter().map(|(name, kept)| (kept.used, name.clone())).collect();
        oldest.sort();
        for (_, name) in oldest {
            if self.bytes <= self.max_bytes - self.max_bytes / 8 {
                break;
            }
            self.remove(&name);
        }
    }
}
