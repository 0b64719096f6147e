import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { EtagMismatchError, state } from "@daplet/sdk";
import { type FakeDaplet, fakeDaplet } from "@daplet/sdk/testing";

describe("state().transaction", () => {
  let daplet: FakeDaplet;
  beforeEach(() => {
    daplet = fakeDaplet();
  });
  afterEach(() => {
    daplet.uninstall();
  });

  test("writes and messages appear together, and only at the end", async () => {
    await state().put("from", 10);
    const left = await state().transaction(async (tx) => {
      const from = (await tx.get<number>("from")) ?? 0;
      tx.put("from", from - 3);
      tx.put("to", 3, { ttl: 60 });
      tx.publish("moved", { amount: 3 });
      assert.equal(await tx.get("from"), 7);
      assert.equal(await state().get("from"), 10);
      assert.equal(daplet.published.length, 0);
      return from - 3;
    });
    assert.equal(left, 7);
    assert.deepEqual([await state().get("from"), await state().get("to")], [7, 3]);
    assert.deepEqual(daplet.published[0]?.event?.data, { amount: 3 });
  });

  test("a thrown error leaves everything as it was", async () => {
    const work = state().transaction((tx) => {
      tx.put("k", 1);
      tx.publish("t", 1);
      throw new Error("no");
    });
    await assert.rejects(work, { message: "no" });
    assert.equal(await state().get("k"), null);
    assert.equal(daplet.published.length, 0);
  });

  test("the work runs again when what it read was written meanwhile, even if it does not write that", async () => {
    await state().put("limit", 5);
    let runs = 0;
    await state().transaction(async (tx) => {
      const limit = await tx.get<number>("limit");
      if (++runs === 1) await state().put("limit", 6);
      tx.put("used", limit);
    });
    assert.deepEqual([runs, await state().get("used")], [2, 6]);
  });

  test("a key that was absent when it was read must be absent still", async () => {
    let runs = 0;
    await state().transaction(async (tx) => {
      const there = await tx.get("lock");
      if (++runs === 1) await state().put("lock", "other");
      tx.put("owner", there ?? "me");
    });
    assert.deepEqual([runs, await state().get("owner")], [2, "other"]);
  });

  test("it gives up after `retries` lost races", async () => {
    let runs = 0;
    const work = state().transaction(
      async (tx) => {
        await tx.get("k");
        await state().put("k", ++runs);
        tx.put("k", "mine");
      },
      { retries: 2 },
    );
    await assert.rejects(work, (error) => error instanceof EtagMismatchError && error.code === "UNIT_CONFLICT");
    assert.equal(runs, 3);
  });

  test("what was read is a copy, and an ended transaction takes nothing more", async () => {
    await state().put("k", { n: 1 });
    let late: (() => void) | undefined;
    await state().transaction(async (tx) => {
      const value = await tx.get<{ n: number }>("k");
      if (value !== null) value.n = 9;
      assert.deepEqual(await tx.get("k"), { n: 1 });
      tx.delete("k");
      assert.equal(await tx.get("k"), null);
      late = () => {
        tx.put("k", 2);
      };
    });
    assert.equal(await state().get("k"), null);
    assert.throws(() => late?.(), /the transaction has ended/);
  });

  test("nothing written, nothing committed", async () => {
    await state().put("k", 1);
    const seen = await state().transaction(async (tx) => {
      const value = await tx.get("k");
      await state().put("k", 2);
      return value;
    });
    assert.equal(seen, 1);
  });
});
