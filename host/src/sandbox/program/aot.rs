//! The cache of compiled guests: native code in a private folder, never run before its hash has been checked.
//!
//! One file per guest, library, LLVM and CPU: the shared library followed by a SHA-256 over key and contents. A file
//! whose hash is wrong is compiled again. Must not know: what the guest does.
use super::artefact::{self, Artefact};
use super::ffi;
use crate::sandbox::SandboxError;
use crate::sandbox::memory::file;
use sha2::{Digest, Sha256};
use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Wasm bytes that one core compiles per second, roughly; only for the estimate.
const BYTES_PER_SECOND: u64 = 64_000;
const DIGEST: usize = 32;
/// LLVM recurses.
const COMPILER_STACK: usize = 64 << 20;

type Key = [u8; DIGEST];

/// How far obtaining the compiled guest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// The compiled guest was found in the cache.
    Cached,
    /// Another process compiles the guest; this one waits for it.
    Waiting,
    /// Compiling; reported about once a second.
    Compiling {
        /// Time spent so far.
        elapsed: Duration,
        /// A rough estimate of the whole time.
        estimate: Duration,
    },
    /// Compiled and stored.
    Compiled {
        /// Time that it took.
        took: Duration,
    },
}

fn failed(what: &str, path: &Path, error: impl std::fmt::Display) -> SandboxError {
    SandboxError::Engine(format!("{what} {}: {error}", path.display()))
}

/// Finds the compiled form of `wasm` in `folder`, or makes it.
pub fn obtain(folder: &Path, wasm: &[u8], progress: &dyn Fn(Progress)) -> Result<Artefact, SandboxError> {
    private_folder(folder)?;
    let key = key(wasm);
    let name: String = key.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let path = folder.join(format!("{name}.aot"));
    if let Some(artefact) = open(&path, &key)? {
        progress(Progress::Cached);
        return Ok(artefact);
    }
    let lock_path = folder.join("lock");
    let lock = File::create(&lock_path).map_err(|e| failed("cannot create", &lock_path, e))?;
    if lock.try_lock().is_err() {
        progress(Progress::Waiting);
        lock.lock().map_err(|e| failed("cannot lock", &lock_path, e))?;
    }
    // The process that held the lock may have stored it, also where the lock was free again when it was asked for.
    if let Some(artefact) = open(&path, &key)? {
        progress(Progress::Cached);
        return Ok(artefact);
    }
    let temporary = folder.join(format!("{name}.so"));
    let started = Instant::now();
    compile(wasm, &temporary, progress)?;
    let code = fs::read(&temporary).map_err(|e| failed("cannot read", &temporary, e))?;
    let _ = fs::remove_file(&temporary);
    store(&path, &key, &code)?;
    progress(Progress::Compiled { took: started.elapsed() });
    open(&path, &key)?.ok_or_else(|| failed("just written, but wrong:", &path, "hash"))
}

fn private_folder(folder: &Path) -> Result<(), SandboxError> {
    fs::create_dir_all(folder).map_err(|e| failed("cannot create the cache folder", folder, e))?;
    fs::set_permissions(folder, Permissions::from_mode(0o700))
        .map_err(|e| failed("cannot make private (mode 0700) the cache folder", folder, e))
}

/// The artefact at `path` if it is there and whole.
fn open(path: &Path, key: &Key) -> Result<Option<Artefact>, SandboxError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("cannot read", path, error)),
    };
    let Some((code, digest)) = bytes.split_last_chunk::<DIGEST>() else { return Ok(None) };
    if sealed(key, code) != *digest {
        return Ok(None);
    }
    // The engine gets the bytes that were hashed, not the file, which could change in between.
    let file = file::executable(artefact::NAME, code).map_err(|e| failed("cannot map", path, e))?;
    Ok(Some(Artefact::new(file)))
}

fn store(path: &Path, key: &Key, code: &[u8]) -> Result<(), SandboxError> {
    let temporary = path.with_extension("new");
    let write = || -> io::Result<()> {
        let mut file = File::create(&temporary)?;
        file.set_permissions(Permissions::from_mode(0o600))?;
        file.write_all(code)?;
        file.write_all(&sealed(key, code))?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    write().map_err(|e| failed("cannot write", path, e))
}

fn sealed(key: &Key, code: &[u8]) -> Key {
    Sha256::new().chain_update(key).chain_update(code).finalize().into()
}

fn compile(wasm: &[u8], output: &Path, progress: &dyn Fn(Progress)) -> Result<(), SandboxError> {
    let estimate = Duration::from_secs((wasm.len() as u64 / BYTES_PER_SECOND).max(1));
    let started = Instant::now();
    let (done, wait) = mpsc::channel();
    let (bytes, target) = (wasm.to_vec(), output.to_owned());
    std::thread::Builder::new()
        .name("daplet-compile".to_owned())
        .stack_size(COMPILER_STACK)
        .spawn(move || done.send(ffi::compile(&bytes, &target)))
        .map_err(|e| SandboxError::Engine(format!("thread: {e}")))?;
    loop {
        progress(Progress::Compiling { elapsed: started.elapsed(), estimate });
        match wait.recv_timeout(Duration::from_secs(1)) {
            Ok(result) => return result.map_err(|e| failed("cannot compile the guest to", output, e)),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                return Err(SandboxError::Engine("the compiler thread died".to_owned()));
            }
        }
    }
}

/// Everything that native code depends on.
fn key(wasm: &[u8]) -> Key {
    let mut hash = Sha256::new();
    hash.update(Sha256::digest(wasm));
    for part in [ffi::version(), ffi::OPTIMIZATION.to_owned(), libraries(), processor()] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().into()
}

/// The loaded WasmEdge and LLVM, by file name and size: the version alone does not tell two builds apart.
fn libraries() -> String {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let mut found: Vec<String> = maps
        .lines()
        .filter_map(|line| line.split_whitespace().nth(5))
        .filter(|path| path.contains("libwasmedge") || path.contains("libLLVM"))
        .map(|path| {
            let name = Path::new(path).file_name().unwrap_or_default().to_string_lossy();
            format!("{name}:{}", fs::metadata(path).map_or(0, |meta| meta.len()))
        })
        .collect();
    found.sort();
    found.dedup();
    found.join(",")
}

/// The processor's name and features, which the compiler reads as well.
fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let names = ["vendor_id", "cpu family", "model", "model name", "stepping", "flags", "Features", "CPU part"];
    let first = info.split("\n\n").next().unwrap_or_default();
    let mut lines: Vec<&str> = first
        .lines()
        .filter(|line| line.split_once(':').is_some_and(|(name, _)| names.contains(&name.trim())))
        .collect();
    lines.push(std::env::consts::ARCH);
    lines.join("\n")
}
