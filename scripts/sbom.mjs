// Prints a bill of materials (CycloneDX 1.6, JSON): every crate that the server or the guest is built of, by version and
// SHA-256, every npm library inside the guest, by version and SHA-512, and every library of the folder given as argument, by SHA-256
// and, where it is known, Debian package. Needs no network: the packages are those of the lock files.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, lstatSync, readFileSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const libraries = process.argv[2];
const ROOTS = ["daplet-host", "daplet-js-runtime"];

const platform = execFileSync("rustc", ["-vV"], { encoding: "utf8" }).match(/^host: (.*)$/m)[1];
const metadata = JSON.parse(
  execFileSync("cargo", ["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", platform], {
    cwd: root,
    maxBuffer: 256 << 20,
  }),
);
const packages = new Map(metadata.packages.map((found) => [found.id, found]));
const nodes = new Map(metadata.resolve.nodes.map((node) => [node.id, node]));

/** The crates that a build of `start` links or runs; not what only its tests need. */
function closure(start) {
  const seen = new Set();
  const todo = [start];
  while (todo.length > 0) {
    const id = todo.pop();
    if (seen.has(id)) continue;
    seen.add(id);
    for (const dependency of nodes.get(id).deps) {
      if (dependency.dep_kinds.some(({ kind }) => kind !== "dev")) todo.push(dependency.pkg);
    }
  }
  return seen;
}

/** SHA-256 of each crate's archive, as Cargo.lock has it. */
function checksums() {
  const found = new Map();
  for (const part of readFileSync(join(root, "Cargo.lock"), "utf8").split("[[package]]")) {
    const field = (name) => part.match(new RegExp(`^${name} = "(.*)"$`, "m"))?.[1];
    if (field("checksum")) found.set(`${field("name")} ${field("version")}`, field("checksum"));
  }
  return found;
}

function crates() {
  const sums = checksums();
  const ids = new Set();
  for (const { id, name } of metadata.packages) {
    if (ROOTS.includes(name)) for (const found of closure(id)) ids.add(found);
  }
  return [...ids]
    .map((id) => packages.get(id))
    .filter((found) => found.source !== null)
    .sort((a, b) => (a.name + a.version < b.name + b.version ? -1 : 1))
    .map(({ name, version, license }) => ({
      type: "library",
      "bom-ref": `pkg:cargo/${name}@${version}`,
      name,
      version,
      scope: "required",
      hashes: [{ alg: "SHA-256", content: sums.get(`${name} ${version}`) }],
      // Older crates write a slash for "or".
      licenses: [{ expression: license.replaceAll(/ ?\/ ?/g, " OR ") }],
      purl: `pkg:cargo/${name}@${version}`,
    }));
}

/** What js-runtime/build.rs takes from npm, as sdk-js/package-lock.json pins it. */
function guestLibraries() {
  const [list] = readFileSync(join(root, "js-runtime/build.rs"), "utf8").match(/const LIBRARIES\b[^;]*;/);
  const { packages } = JSON.parse(readFileSync(join(root, "sdk-js/package-lock.json"), "utf8"));
  return [...list.matchAll(/\("([^"]+)",/g)].map(([, name]) => {
    const { version, license, integrity } = packages[`node_modules/${name}`];
    const content = Buffer.from(integrity.replace("sha512-", ""), "base64").toString("hex");
    const purl = `pkg:npm/${name}@${version}`;
    return {
      type: "library",
      "bom-ref": purl,
      name,
      version,
      scope: "required",
      hashes: [{ alg: "SHA-512", content }],
      licenses: [{ expression: license }],
      purl,
    };
  });
}

/** Debian packages of the libraries, where scripts/wasmedge-sysroot noted them: file name to `[package, version]`. */
function debian() {
  const list = join(root, ".deps/wasmedge/packages.tsv");
  if (!existsSync(list)) return new Map();
  const lines = readFileSync(list, "utf8").trim().split("\n");
  return new Map(lines.map((line) => line.split("\t")).map(([file, name, version]) => [file, [name, version]]));
}

function files(folder) {
  const known = debian();
  return readdirSync(folder)
    .filter((name) => name.includes(".so") && lstatSync(join(folder, name)).isFile())
    .map((name) => {
      const [owner, version] = known.get(basename(name)) ?? [];
      const content = createHash("sha256").update(readFileSync(join(folder, name))).digest("hex");
      const purl = owner ? { purl: `pkg:deb/debian/${owner}@${encodeURIComponent(version)}` } : {};
      const described = { type: "file", name, hashes: [{ alg: "SHA-256", content }], ...purl };
      return version ? { ...described, version } : described;
    });
}

const host = metadata.packages.find(({ name }) => name === "daplet-host");
const bill = {
  bomFormat: "CycloneDX",
  specVersion: "1.6",
  version: 1,
  metadata: {
    component: {
      type: "application",
      name: "daplet",
      version: host.version,
      licenses: [{ expression: host.license }],
    },
  },
  components: [...crates(), ...guestLibraries(), ...(libraries ? files(libraries) : [])],
};
process.stdout.write(`${JSON.stringify(bill, null, 1)}\n`);
