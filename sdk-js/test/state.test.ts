import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { DapletError, EtagMismatchError, NotFoundError, PermissionDeniedError, state } from "@daplet/sdk";
import { type FakeDaplet, fakeDaplet } from "@daplet/sdk/testing";

describe("state", () => {
  let daplet: FakeDaplet;
  beforeEach(() => {
    daplet = fakeDaplet({ stores: ["statestore", "other"] });
  });
  afterEach(() => {
    daplet.uninstall();
  });

  test("a missing key is null, a stored null is found", async () => {
    assert.equal(await state().get("nothing"), null);
    await state().put("k", null);
    const entry = await state().getWithEtag("k");
    assert.equal(entry.value, null);
    assert.equal(typeof entry.etag, "string");
  });

  test("any JSON value comes back as it was", async () => {
    const values = [0, -1.5, "", "é 😀 \u2028", true, [], {}, { a: [{ b: null }] }, "[]"];
    for (const value of values) {
      await state().put("k", value);
      assert.deepEqual(await state().get("k"), value);
    }
  });

  test("an ETag protects a write and a deletion", async () => {
    const store = state();
    await store.put("k", 1);
    const { etag } = await store.getWithEtag("k");
    assert.ok(etag !== null);
    await store.put("k", 2, { etag });
    await assert.rejects(store.put("k", 3, { etag }), EtagMismatchError);
    await assert.rejects(store.delete("k", { etag }), { name: "EtagMismatchError", code: "ETAG_MISMATCH" });
    await assert.rejects(store.put("absent", 3, { etag }), EtagMismatchError);
    assert.equal(await store.get("k"), 2);
    await store.delete("k");
    await store.delete("k");
    assert.equal(await store.get("k"), null);
  });

  test("a first write finds no value, by firstWrite and by etag: null", async () => {
    await state().put("a", 1, { firstWrite: true });
    await assert.rejects(state().put("a", 2, { firstWrite: true }), EtagMismatchError);
    await assert.rejects(state().put("a", 2, { etag: null }), EtagMismatchError);
    assert.equal(await state().get("a"), 1);
  });

  test("a value lives as long as its ttl; a later write without one removes it", async () => {
    await state().put("k", 1, { ttl: 60 });
    await state().put("kept", 1, { ttl: 60 });
    await state().put("kept", 2);
    const { ttlExpireTime } = await state().getWithEtag("k");
    assert.equal(ttlExpireTime?.getTime(), daplet.clock.now + 60_000);
    daplet.clock.advance(59_999);
    assert.equal(await state().get("k"), 1);
    daplet.clock.advance(1);
    assert.equal(await state().get("k"), null);
    assert.equal(await state().get("kept"), 2);
    await state().put("k", 3, { firstWrite: true });
  });

  test("getMany keeps the order asked for, with null for what is missing", async () => {
    await state().put("b", "zwei ü");
    await state().put("c", { d: 1 });
    const values = await state().getMany(["c", "a", "b", "c"]);
    assert.deepEqual(
      [...values],
      [
        ["c", { d: 1 }],
        ["a", null],
        ["b", "zwei ü"],
      ],
    );
    assert.equal((await state().getMany([])).size, 0);
  });

  test("a transaction is applied in order, or not at all", async () => {
    const store = state();
    await store.put("old", 1);
    await store.transact([
      { put: "x", value: 1 },
      { delete: "old" },
      { delete: "x" },
      { put: "x", value: [2], ttl: 5 },
      { delete: "never there" },
    ]);
    assert.deepEqual(await store.get("x"), [2]);
    assert.equal(await store.get("old"), null);
    const failing = store.transact([
      { put: "y", value: 1 },
      { put: "x", value: 3, etag: "wrong" },
    ]);
    await assert.rejects(failing, EtagMismatchError);
    assert.equal(await store.get("y"), null);
    assert.deepEqual(await store.get("x"), [2]);
  });

  test("update starts over when it lost a race, and loses no increment", async () => {
    const increments = Array.from({ length: 20 }, () => state().update<number>("n", (n) => (n ?? 0) + 1));
    const results = await Promise.all(increments);
    assert.equal(await state().get("n"), 20);
    assert.equal(new Set(results).size, 20);
  });

  test("update gives up after its retries, and passes on what its function throws", async () => {
    let calls = 0;
    const losing = state().update<number>(
      "n",
      async (n) => {
        calls++;
        await state().put("n", calls * 100);
        return (n ?? 0) + 1;
      },
      { retries: 2 },
    );
    await assert.rejects(losing, EtagMismatchError);
    assert.equal(calls, 3);
    const thrown = new Error("mine");
    await assert.rejects(
      state().update("n", () => {
        throw thrown;
      }),
      thrown,
    );
  });

  test("stores are apart, and an unknown one is named", async () => {
    await state("other").put("k", 1);
    assert.equal(await state().get("k"), null);
    await assert.rejects(state("nope").get("k"), (error) => {
      assert.ok(error instanceof NotFoundError && error instanceof DapletError);
      assert.match(error.message, /state store nope is not found/);
      return true;
    });
  });

  test("functions see their own keys; a shared space needs its grant", async () => {
    const writer = { default: () => state().put("k", "mine") };
    const reader = { default: async () => ({ value: await state().get("k") }) };
    const sharer = { default: () => state(undefined, { space: "team" }).put("k", "ours") };
    daplet
      .mount("writer", writer)
      .mount("reader", reader)
      .mount("granted", sharer, { grants: { spaces: ["team"] } })
      .mount("denied", sharer);
    await daplet.fetch("/writer");
    assert.deepEqual(await (await daplet.fetch("/reader")).json(), { value: null });
    await daplet.fetch("/granted");
    await assert.rejects(daplet.fetch("/denied"), PermissionDeniedError);
    assert.deepEqual(
      [...daplet.stored()],
      [
        ["f/writer/k", "mine"],
        ["s/team/k", "ours"],
      ],
    );
  });

  const cyclic: Record<string, unknown> = {};
  cyclic["self"] = cyclic;
  const refused: [string, () => Promise<unknown>, RegExp][] = [
    ["a key that is no string", () => state().get(7 as never), /state\.get: key must be a string, not 7/],
    ["an empty key", () => state().put("", 1), /key must not be empty/],
    ["a reserved key", () => state().get("a||b"), /"\|\|"/],
    ["keys that are no list", () => state().getMany("ab"), /keys must be an array of strings, not "ab"/],
    ["undefined", () => state().put("k", undefined), /value of key "k" is undefined.*Use null/],
    ["a promise", () => state().put("k", Promise.resolve(1)), /is a Promise\. Await it first/],
    ["a function", () => state().put("k", () => 1), /is a function/],
    ["a Map", () => state().put("k", new Map()), /is a Map/],
    ["bytes", () => state().put("k", new Uint8Array(2)), /is binary/],
    ["a BigInt inside", () => state().put("k", { a: [1n] }), /holds a BigInt/],
    ["NaN inside", () => state().put("k", { a: [null, NaN] }), /holds NaN or Infinity/],
    ["a cycle", () => state().put("k", cyclic), /cannot be written as JSON: .*circular/i],
    ["a ttl of 0", () => state().put("k", 1, { ttl: 0 }), /options\.ttl must be a whole number.*not 0/],
    ["etag with firstWrite", () => state().put("k", 1, { etag: "1", firstWrite: true }), /exclude each other/],
    ["an unknown step", () => state().transact([{ set: "k" } as never]), /operations\[0\] must be/],
    ["a step without value", () => state().transact([{ put: "k" } as never]), /operations\[0\]\.value is undefined/],
    ["update to undefined", () => state().update("k", () => undefined), /change returned undefined/],
    ["negative retries", () => state().update("k", () => 1, { retries: -1 }), /options\.retries/],
  ];
  for (const [what, run, message] of refused) {
    test(`refuses ${what}`, async () => {
      await assert.rejects(run, { name: "TypeError", message });
      assert.equal(daplet.stored().size, 0);
    });
  }
});

test("without a host, the error says what to import", async () => {
  await assert.rejects(state().get("k"), /@daplet\/sdk\/testing/);
});
