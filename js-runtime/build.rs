//! Lays out the guest's linear memory and finds the SDK's guest builds.
use std::path::Path;

/// 128 MiB, fixed: an instance's memory never differs in size from its snapshot, and untouched pages cost nothing.
const MEMORY_BYTES: u32 = 128 << 20;
/// The shadow stack lies first, so that overflowing it traps instead of reaching data. QuickJS stops well before that.
const STACK_BYTES: u32 = 1 << 20;

fn main() {
    if std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("wasm32") {
        for arg in [
            format!("--initial-memory={MEMORY_BYTES}"),
            format!("--max-memory={MEMORY_BYTES}"),
            format!("-zstack-size={STACK_BYTES}"),
            "--stack-first".to_owned(),
        ] {
            println!("cargo:rustc-link-arg-cdylib={arg}");
        }
        // host/heap.rs takes the place of the allocator, and host/mod.rs mends libc's acosh; see there.
        for function in ["malloc", "calloc", "realloc", "free", "malloc_usable_size", "acosh"] {
            println!("cargo:rustc-link-arg-cdylib=--wrap={function}");
        }
    }
    // Asked for when this runs: a target folder may have been copied from another checkout.
    let package = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let root = Path::new(&package).parent().expect("js-runtime/ has a parent");
    for (variable, file) in [("DAPLET_SDK_JS", "guest.js"), ("DAPLET_CLIENT_JS", "guest-client.js")] {
        let built = root.join("sdk-js/dist").join(file);
        println!("cargo:rerun-if-changed={}", built.display());
        if !built.exists() {
            println!("cargo:warning=the SDK is not built: run `make sdk` (or `make build`) first");
        }
        println!("cargo:rustc-env={variable}={}", built.display());
    }
}
