// The module that the guest embeds: self-contained, the same exports as the package, talking to `daplet:host`.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import * as sdk from "@daplet/sdk";

const source = await readFile(new URL("../dist/guest.js", import.meta.url), "utf8");

/** The guest build on top of a host that answers every operation with its own name and arguments. */
async function loadGuest(): Promise<typeof sdk> {
  const host = `export async function call(op, args, body) {
    if (args.key === "fails") throw Object.assign(new Error("no"), { code: "ETAG_MISMATCH", details: { a: 1 } });
    const value = JSON.stringify({ op, args, body });
    return { head: { found: true, etag: "7" }, body: new TextEncoder().encode(value).buffer };
  }`;
  const toUrl = (text: string) => `data:text/javascript,${encodeURIComponent(text)}`;
  return (await import(toUrl(source.replace('"daplet:host"', JSON.stringify(toUrl(host)))))) as typeof sdk;
}

test("it imports nothing but daplet:host", () => {
  const imports = [...source.matchAll(/(?:\}\s*from|\bimport)\s*["'(]([^"')]*)/g)].map(([, from]) => from);
  assert.deepEqual(imports, ["daplet:host"]);
  assert.ok(!source.includes("node:"));
});

test("it exports what the package exports", async () => {
  assert.deepEqual(Object.keys(await loadGuest()), Object.keys(sdk));
});

test("operations and failures cross the primitive", async () => {
  const { EtagMismatchError, state } = await loadGuest();
  const { value, etag } = await state("other", { space: "team" }).getWithEtag("k");
  assert.equal(etag, "7");
  assert.deepEqual(value, { op: "state.get", args: { store: "other", space: "team", key: "k" }, body: null });
  await assert.rejects(state().get("fails"), (error) => {
    assert.ok(error instanceof EtagMismatchError);
    assert.deepEqual([error.code, error.message, error.details], ["ETAG_MISMATCH", "no", { a: 1 }]);
    return true;
  });
});
