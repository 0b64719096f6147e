//! The thread that changes the folder: files are added, removed, and evicted by age.
use super::{Change, Folder, PARTIAL, WHOLE, name};
use crate::snapshot::{Loaded, SnapshotKey, file};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::SystemTime;
use std::{fs, io};
use tokio::sync::mpsc;

/// The writer's nice value: requests go first.
const PRIORITY: i32 = 10;

/// A file in the folder.
#[derive(Clone, Copy)]
struct Entry {
    bytes: u64,
    /// When it was used last; larger is later.
    used: u64,
}

/// The writing thread's state. No other thread changes the folder.
pub(super) struct Writer {
    folder: Arc<Folder>,
    max_bytes: u64,
    files: HashMap<String, Entry>,
    bytes: u64,
    tick: u64,
}

impl Writer {
    /// For a folder whose files are not known yet.
    pub fn new(folder: Arc<Folder>, max_bytes: u64) -> Writer {
        Writer { folder, max_bytes, files: HashMap::new(), bytes: 0, tick: 0 }
    }

    /// Makes changes until the channel closes.
    pub fn run(mut self, live: Option<&HashSet<String>>, mut queue: mpsc::Receiver<Change>) {
        // Of this thread only. No request waits for a file, and requests need the processor; without it they are only
        // slower.
        let _same = rustix::process::nice(PRIORITY);
        if let Err(error) = self.tidy(live) {
            self.folder.report("read", &self.folder.path, &error);
        }
        while let Some(change) = queue.blocking_recv() {
            match change {
                Change::Put(key, loaded) => self.put(&key, &loaded),
                Change::Remove(key) => self.remove(&name(&key)),
                Change::Used(key) => {
                    self.tick += 1;
                    if let Some(entry) = self.files.get_mut(&name(&key)) {
                        entry.used = self.tick;
                    }
                }
                Change::Flush(done) => drop(done.send(())),
            }
        }
    }

    /// Finds the files of the folder; removes those that are half-written or belong to no live function.
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
        let before = self.files.insert(name, Entry { bytes, used: self.tick });
        self.bytes = self.bytes + bytes - before.map_or(0, |entry| entry.bytes);
        self.folder.bytes.store(self.bytes, Relaxed);
    }

    fn put(&mut self, key: &SnapshotKey, loaded: &Loaded) {
        let (name, bytes) = (name(key), file::write(&self.folder.program, key, loaded));
        let (path, length) = (self.folder.file(&name), bytes.len() as u64);
        if length > self.max_bytes {
            return;
        }
        match self.folder.write(&path, &bytes) {
            Ok(()) => {
                self.folder.reported.store(false, Relaxed);
                self.add(name, length);
                self.evict();
            }
            Err(error) => self.folder.report("write", &path, &error),
        }
    }

    fn remove(&mut self, name: &str) {
        if let Some(entry) = self.files.remove(name) {
            self.bytes -= entry.bytes;
            self.folder.bytes.store(self.bytes, Relaxed);
            self.delete(&self.folder.file(name));
        }
    }

    fn delete(&self, path: &Path) {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => self.folder.report("remove", path, &error),
            _ => {}
        }
    }

    /// Removes the files unused for longest until an eighth of the budget is free: sorting all of them for each new
    /// file would cost too much.
    fn evict(&mut self) {
        if self.bytes <= self.max_bytes {
            return;
        }
        let mut oldest: Vec<(u64, String)> =
            self.files.iter().map(|(name, entry)| (entry.used, name.clone())).collect();
        oldest.sort();
        for (_, name) in oldest {
            if self.bytes <= self.max_bytes - self.max_bytes / 8 {
                break;
            }
            self.remove(&name);
        }
    }
}
