//! Links the host against WasmEdge where `scripts/setup` put it, and checks that the guest has been built.
//!
//! When WasmEdge comes from a private folder with its own libc, the program must be started by that folder's loader, and
//! find the libraries by an old-style DT_RPATH, which (unlike RUNPATH) also reaches the libraries' own dependencies.
use std::path::Path;

fn main() {
    let var = |name: &str| {
        println!("cargo:rerun-if-env-changed={name}");
        std::env::var(name).unwrap_or_default()
    };
    let (loader, libs) = (var("DAPLET_WASMEDGE_LOADER"), var("DAPLET_WASMEDGE_LIBS"));
    if !loader.is_empty() {
        println!("cargo:rustc-link-arg=-Wl,--dynamic-linker={loader}");
        println!("cargo:rustc-link-arg=-Wl,--allow-shlib-undefined");
    }
    if !libs.is_empty() {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{libs}");
        println!("cargo:rustc-link-arg=-Wl,--disable-new-dtags");
    }

    // Asked for when this runs: a target folder may have been copied from another checkout.
    let package = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let root = Path::new(&package).parent().expect("host/ has a parent");
    let guest = root.join("target/guest.wasm");
    println!("cargo:rerun-if-changed={}", guest.display());
    if !guest.exists() {
        println!("cargo:warning=the guest is not built: run `make guest` (or `make build`) first");
    }
    println!("cargo:rustc-env=DAPLET_GUEST_WASM={}", guest.display());
}
