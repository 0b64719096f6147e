// Bundles the function and its codecs into one ES module, and writes it with its limits as the upload's JSON.
import { mkdir, writeFile } from "node:fs/promises";
import { build } from "esbuild";

const folder = new URL("./", import.meta.url);
const { outputFiles } = await build({
  entryPoints: [new URL("src/function.ts", folder).pathname],
  bundle: true,
  write: false,
  format: "esm",
  target: "es2023",
  // No Node: what a package would take from there is an error of this build, not of the first request.
  platform: "neutral",
  mainFields: ["module", "main"],
  external: ["@daplet/sdk"],
  loader: { ".html": "text" },
  legalComments: "eof",
});
const source = outputFiles[0].text;
const upload = {
  name: "image-grayscale",
  source,
  // Decoding a picture is real work: the default of 50 ms of CPU is for functions that mostly wait.
  limits: { cpuMs: 1_000, memoryMb: 96 },
};
await mkdir(new URL("dist/", folder), { recursive: true });
await writeFile(new URL("dist/function.js", folder), source);
await writeFile(new URL("dist/upload.json", folder), JSON.stringify(upload));
console.log(`image-grayscale/dist/upload.json: ${source.length} bytes of JavaScript`);
