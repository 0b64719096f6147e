//! Build script of everything here that links the host: WasmEdge from where `scripts/setup` put it, as in `host/build.rs`.

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
}
