// Makes WebAssembly components of the workloads, once with StarlingMonkey (SpiderMonkey) and once with QuickJS, each evaluated
// at build time, and compiles them ahead of time: build/<engine>-<workload>.cwasm.
import { componentize } from "@bytecodealliance/componentize-js";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

// jco brings WASI's interfaces. The worlds beside them are left out: they would draw in everything else of WASI.
const interfaces = (engine, version, packages, rewrite = (text) => text) => {
  const wit = resolve(`build/wit/${engine}`);
  cpSync(`wit/${engine}`, wit, { recursive: true });
  for (const name of packages) {
    const text = readFileSync(`node_modules/@bytecodealliance/jco/lib/wit/builtin/${version}/${name}/package.wit`, "utf8");
    mkdirSync(`${wit}/deps/${name}`, { recursive: true });
    writeFileSync(`${wit}/deps/${name}/package.wit`, rewrite(text.replace(/^world [^}]*}\n/gm, "")));
  }
  return wit;
};

const workload = (form, name) => readFileSync(`../workloads/${form}/${name}.js`, "utf8");

const engines = {
  async starlingmonkey(name, source, component) {
    // Its `fetch` event belongs to WASI 0.2.10, which has the same HTTP as 0.2.12.
    const packages = ["wasi-clocks", "wasi-http", "wasi-io"];
    const wit = interfaces("starlingmonkey", "0.2.12", packages, (text) => text.replaceAll("@0.2.12", "@0.2.10"));
    const handler = workload("fetch", name).replace("export default", "const handler =");
    const listener = 'addEventListener("fetch", (event) => event.respondWith(handler.fetch(event.request)));\n';
    writeFileSync(source, handler + listener);
    const made = await componentize({ sourcePath: source, witPath: wit, worldName: "service" });
    writeFileSync(component, made.component);
  },
  quickjs(name, source, component) {
    const wit = interfaces("quickjs", "0.3.0", ["wasi-clocks", "wasi-http"]);
    writeFileSync(source, workload("plain", name) + readFileSync("quickjs.js", "utf8"));
    const program = "node_modules/.bin/componentize-qjs";
    execFileSync(program, ["-w", wit, "-n", "service", "-j", source, "-o", component], { stdio: ["ignore", "ignore", "inherit"] });
  },
};

for (const [engine, make] of Object.entries(engines)) {
  for (const name of ["hello", "json", "fib", "leak"]) {
    const file = resolve(`build/${engine}-${name}`);
    if (existsSync(`${file}.cwasm`)) continue;
    await make(name, `${file}.js`, `${file}.wasm`);
    const features = ["-W", "component-model-async=y"];
    execFileSync("build/pip/wasmtime_cli/wasmtime", ["compile", ...features, "-o", `${file}.tmp`, `${file}.wasm`]);
    renameSync(`${file}.tmp`, `${file}.cwasm`);
  }
}
