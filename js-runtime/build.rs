//! Lays out the guest's linear memory, compiles its TypeScript, and finds its libraries and the SDK's guest builds.
use std::path::{Path, PathBuf};
use std::process::Command;

/// 128 MiB, fixed: an instance's memory never differs in size from its snapshot, and untouched pages cost nothing.
const MEMORY_BYTES: u32 = 128 << 20;
/// The shadow stack lies first, so that overflowing it traps instead of reaching data. QuickJS stops well before that.
const STACK_BYTES: u32 = 1 << 20;

/// Libraries of npm that the runtime's modules import by the package's name, and the file to take of each: one ES module without
/// imports. `sdk-js/package-lock.json` pins them. A type declaration is found by `paths` in tsconfig.json.
const LIBRARIES: &[(&str, &str)] =
    &[("urlpattern-polyfill", "dist/urlpattern.js"), ("web-streams-polyfill", "dist/ponyfill.mjs")];

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
        // imports/heap.rs takes the place of the allocator, and imports/libc.rs mends acosh; see there.
        for function in ["malloc", "calloc", "realloc", "free", "malloc_usable_size", "acosh"] {
            println!("cargo:rustc-link-arg-cdylib=--wrap={function}");
        }
    }
    // Asked for when this runs: a target folder may have been copied from another checkout.
    let package = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let root = Path::new(&package).parent().expect("js-runtime/ has a parent");
    compile(Path::new(&package), root);
    for (variable, file) in [("DAPLET_SDK_JS", "guest.js"), ("DAPLET_CLIENT_JS", "guest-client.js")] {
        let built = root.join("sdk-js/dist").join(file);
        println!("cargo:rerun-if-changed={}", built.display());
        if !built.exists() {
            println!("cargo:warning=the SDK is not built: run `make sdk` (or `make build`) first");
        }
        println!("cargo:rustc-env={variable}={}", built.display());
    }
}

/// Compiles the TypeScript of `src/` with the compiler of the SDK's build, adds the libraries as `npm/NAME.js`, and lists the modules
/// in `modules.rs`.
fn compile(package: &Path, root: &Path) {
    let out = PathBuf::from(std::env::var("OUT_DIR").expect("cargo sets it"));
    let compiled = out.join("compiled");
    println!("cargo:rerun-if-changed={}", package.join("tsconfig.json").display());
    for source in files(&package.join("src"), ".ts") {
        println!("cargo:rerun-if-changed={}", source.display());
    }
    let compiler = root.join("sdk-js/node_modules/typescript/bin/tsc");
    assert!(compiler.exists(), "TypeScript is not installed: run `make sdk` (or `make build`) first");
    let _absent_at_first = std::fs::remove_dir_all(&compiled);
    let output = Command::new("node").arg(compiler).arg("-p").arg(package).arg("--outDir").arg(&compiled).output();
    let output = output.expect("node runs");
    assert!(output.status.success(), "tsc -p js-runtime:\n{}", String::from_utf8_lossy(&output.stdout));
    let libraries = compiled.join("npm");
    std::fs::create_dir_all(&libraries).expect("the build's folder can be written");
    for (name, file) in LIBRARIES {
        let published = root.join("sdk-js/node_modules").join(name).join(file);
        println!("cargo:rerun-if-changed={}", published.display());
        let copied = std::fs::copy(&published, libraries.join(format!("{name}.js")));
        assert!(copied.is_ok(), "{} is missing: run `make sdk` (or `make build`) first", published.display());
    }
    let mut list = String::from("const MODULES: &[(&str, &str)] = &[\n");
    for module in files(&compiled, ".js") {
        let path = module.strip_prefix(&compiled).expect("it is in there").display();
        list += &format!(
            "    ({path:?}, include_str!(concat!(env!(\"OUT_DIR\"), \"/compiled/{path}\"))),\n",
            path = path.to_string()
        );
    }
    std::fs::write(out.join("modules.rs"), list + "];\n").expect("the build's folder can be written");
}

/// The files below a folder whose names end so, in a fixed order.
fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder can be read");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    paths.sort();
    let below = |path: PathBuf| match path.is_dir() {
        true => files(&path, end),
        false if path.to_string_lossy().ends_with(end) => vec![path],
        false => Vec::new(),
    };
    paths.into_iter().flat_map(below).collect()
}
