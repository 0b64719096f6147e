// The cases of `tests/cases` against the double: the same functions, the same requests, the same answers as of the host.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type FakeDaplet, fakeDaplet, type FakeSecret, type MountOptions, UploadError } from "@daplet/sdk/testing";
import { transform } from "esbuild";
import { parse } from "smol-toml";
import { problemOf } from "../dist/testing/problem.js";

const CASES = new URL("../../tests/cases/", import.meta.url);
/** Functions import `@daplet/sdk` by its name, so they lie within the package. */
const BUILT = new URL("./cases/", import.meta.url);
const GROUPS = ["http", "upload", "web", "state", "secrets", "grants", "configuration", "blocks"];

interface Expect {
  status: number;
  code?: string;
  body?: string;
  bytes?: number[];
  json?: unknown;
  contains?: string[];
  headers?: [string, string][];
  absent?: string[];
}

/** One `case.toml`; `tests/src/case.rs` explains its fields. */
interface Case {
  about: string;
  upload?: MountOptions & { language?: string };
  configuration?: Record<string, string>;
  upload_expect?: Expect;
  request?: {
    method?: string;
    path?: string;
    headers?: [string, string][];
    body?: string;
    bytes?: number[];
    times?: number;
    expect: Expect;
  }[];
}

interface Answer {
  status: number;
  headers: Headers;
  body: Buffer;
}

function read(path: string): string {
  return readFileSync(new URL(path, CASES), "utf8");
}

/** The cases that the double does not pass, and why. What is listed under `not_run` would not end, or would end the process. */
const { not_run: notRun, not_applying: notApplying } = JSON.parse(read("double.json")) as Record<
  "not_run" | "not_applying",
  Record<string, string>
>;

/** Whether `seen` has everything that `wanted` asks for. */
function covers(seen: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return Array.isArray(seen) && seen.length === wanted.length && wanted.every((one, i) => covers(seen[i], one));
  }
  if (typeof wanted !== "object" || wanted === null) return seen === wanted;
  if (typeof seen !== "object" || seen === null) return false;
  return Object.entries(wanted).every(([key, value]) => covers((seen as Record<string, unknown>)[key], value));
}

function check({ status, headers, body }: Answer, expect: Expect): void {
  const text = body.toString();
  const seen = `${status} ${JSON.stringify([...headers])} ${text.slice(0, 600)}`;
  assert.equal(status, expect.status, seen);
  if (expect.code !== undefined) {
    const { code } = JSON.parse(text) as { code: unknown };
    assert.deepEqual([code, headers.get("content-type")], [expect.code, "application/problem+json"], seen);
  }
  if (expect.body !== undefined) assert.equal(text, expect.body);
  if (expect.bytes !== undefined) assert.deepEqual([...body], expect.bytes);
  if (expect.json !== undefined) {
    assert.ok(covers(JSON.parse(text), expect.json), `${JSON.stringify(expect.json)} expected; seen ${seen}`);
  }
  for (const part of expect.contains ?? []) assert.ok(text.includes(part), `${part} expected; seen ${seen}`);
  for (const [name, value] of expect.headers ?? []) {
    assert.ok(
      [...headers].some(([n, v]) => n === name && v === value),
      `${name}: ${value} expected; seen ${seen}`,
    );
  }
  for (const name of expect.absent ?? []) assert.ok(!headers.has(name), `no ${name} expected; seen ${seen}`);
}

/** Writes the function where it finds the SDK, in JavaScript that Node runs. */
async function built(group: string, name: string): Promise<URL> {
  const files = readdirSync(new URL(`${group}/${name}/`, CASES));
  const file = files.includes("function.ts") ? "function.ts" : "function.js";
  const source = read(`${group}/${name}/${file}`);
  const options = { loader: file.endsWith(".ts") ? "ts" : "js", format: "esm", target: "node20" } as const;
  const modern = file.endsWith(".ts") || /^\s*(await )?using |accessor |^@/m.test(source);
  const code = modern ? (await transform(source, options)).code : source;
  mkdirSync(new URL(`${group}/`, BUILT), { recursive: true });
  const url = new URL(`${group}/${name}.js`, BUILT);
  writeFileSync(url, code);
  return url;
}

/** What an upload answers: nothing of interest, or the refusal. */
async function upload(daplet: FakeDaplet, group: string, name: string, fields: Case["upload"] = {}): Promise<Answer> {
  // The file says which language it is.
  const options = Object.fromEntries(Object.entries(fields).filter(([field]) => field !== "language"));
  try {
    await daplet.upload(name, await built(group, name), options);
    return { status: 201, headers: new Headers(), body: Buffer.from("{}") };
  } catch (error) {
    const { status, code } = error instanceof UploadError ? error : { status: 422, code: "exception" };
    const { message: detail, members } = problemOf(error);
    const headers = new Headers({ "content-type": "application/problem+json" });
    return { status, headers, body: Buffer.from(JSON.stringify({ status, code, detail, ...members })) };
  }
}

/** A request over HTTP. Meanwhile what is published is delivered, as on the host. */
async function send(daplet: FakeDaplet, path: string, init: RequestInit): Promise<Answer> {
  let open = true;
  const delivering = (async () => {
    while (open) {
      await daplet.deliver();
      await sleep(1);
    }
  })();
  try {
    const response = await daplet.request(path, init);
    const body = Buffer.from(await response.arrayBuffer());
    const headers = new Headers(response.headers);
    // Any HTTP server says how long a whole body is.
    if (!headers.has("content-length")) headers.set("content-length", String(body.length));
    return { status: response.status, headers, body };
  } finally {
    open = false;
    await delivering;
  }
}

async function run(group: string, name: string): Promise<void> {
  const given = parse(read(`${group}/${name}/case.toml`)) as unknown as Case;
  const daplet = fakeDaplet({
    secrets: {
      secretstore: { ...(JSON.parse(read("secrets.json")) as Record<string, FakeSecret>), FROM_ENV: "from outside" },
    },
    configuration: { configstore: { ...given.configuration } },
    cryptography: { cryptostore: [] },
  });
  try {
    const uploaded = await upload(daplet, group, name, given.upload);
    check(uploaded, given.upload_expect ?? { status: 201 });
    for (const { method = "GET", path = "", headers = [], body, bytes, times = 1, expect } of given.request ?? []) {
      const sent = body ?? (bytes && new Uint8Array(bytes));
      const init = { method, headers, ...(sent !== undefined && { body: sent }) };
      for (let time = 0; time < times; time++) check(await send(daplet, `/${name}${path}`, init), expect);
    }
  } finally {
    daplet.uninstall();
  }
}

describe("the host's cases against the double", () => {
  for (const group of GROUPS) {
    const names = readdirSync(new URL(`${group}/`, CASES)).sort();
    for (const name of names) {
      const whole = `${group}/${name}`;
      const why = notRun[whole] ?? notApplying[whole];
      if (why === undefined) {
        test(whole, { timeout: 10_000 }, () => run(group, name));
      } else if (whole in notRun) {
        test(`${whole}: ${why}`, { skip: true });
      } else {
        test(`${whole} does not apply: ${why}`, { timeout: 10_000 }, async () => {
          await assert.rejects(run(group, name), "it passes now: take it out of tests/cases/double.json");
        });
      }
    }
  }

  test("every case that does not apply exists", () => {
    for (const whole of Object.keys({ ...notRun, ...notApplying })) assert.ok(read(`${whole}/case.toml`), whole);
  });
});
