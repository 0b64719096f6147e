// Writes node.json: what Node reports for every form and value. Run it after a form was added: node tests/lines/derive.mjs
import { readdirSync, writeFileSync } from "node:fs";

const folder = new URL(".", import.meta.url);
const names = (kind) => readdirSync(new URL(kind, folder)).filter((f) => f.endsWith(".mjs")).sort();
const request = () => new Request("http://host/");
const result = { node: process.version, forms: {}, values: {} };

for (const file of names("forms")) {
  const url = new URL(`forms/${file}`, folder).href;
  const { default: handler } = await import(url);
  const error = await (async () => handler.fetch(request()))().then(() => undefined, (e) => e);
  if (error === undefined) throw new Error(`${file} does not fail`);
  const own = String(error.stack).split("\n").filter((line) => /^ *at /.test(line) && line.includes(url));
  result.forms[file.slice(0, -4)] = {
    lines: own.map((line) => Number(line.match(/:(\d+):\d+\)?$/)[1])),
    name: error.name,
    message: error.message,
  };
}
for (const file of names("values")) {
  const { default: handler } = await import(new URL(`values/${file}`, folder).href);
  result.values[file.slice(0, -4)] = JSON.parse(JSON.stringify(await handler.fetch(request())));
}
// One form a line.
const rows = (o) => Object.entries(o).map(([k, v]) => `    ${JSON.stringify(k)}: ${JSON.stringify(v)}`).join(",\n");
writeFileSync(
  new URL("node.json", folder),
  `{\n  "node": ${JSON.stringify(result.node)},\n  "forms": {\n${rows(result.forms)}\n  },\n  "values": {\n${rows(result.values)}\n  }\n}\n`,
);
