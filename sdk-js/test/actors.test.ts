import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { Actor, actor, type DapletError } from "@daplet/sdk";
import { type FakeDaplet, fakeDaplet } from "@daplet/sdk/testing";

class Counter extends Actor {
  fields = 0;
  async increment(by = 1): Promise<number> {
    const before = (await this.state.get<number>("n")) ?? 0;
    await new Promise(setImmediate);
    this.state.set("n", before + by);
    return before + by;
  }
  async failing(): Promise<void> {
    await this.increment();
    throw new RangeError("not today");
  }
  reset(): void {
    this.state.remove("n");
  }
  async other(id: string): Promise<number> {
    return await actor<Counter>("Counter", id).increment();
  }
  field(): number {
    return this.fields++;
  }
  whole(): unknown {
    return { type: this.type, id: this.id, name: this.env.NAME, function: this.ctx.function };
  }
}

describe("actors", () => {
  let fake: FakeDaplet;
  const a = actor<Counter>("Counter", "a");

  beforeEach(() => {
    fake = fakeDaplet().mount("counters", { Counter }, { env: { NAME: "x" } });
  });
  afterEach(() => {
    fake.uninstall();
  });

  it("takes turns", async () => {
    await Promise.all(Array.from({ length: 20 }, () => a.increment()));
    assert.equal(await a.increment(2), 22);
    assert.deepEqual(fake.actorState("Counter", "a"), new Map([["n", 22]]));
    assert.deepEqual(await a.whole(), { type: "Counter", id: "a", name: "x", function: "counters" });
    assert.deepEqual([await a.field(), await a.field()], [0, 0]);
  });

  it("writes nothing of a turn that throws", async () => {
    await a.increment(5);
    await assert.rejects(a.failing(), (error: DapletError) => {
      return error.code === "ERR_ACTOR_INVOKE_METHOD" && error.message.includes("not today");
    });
    assert.equal(fake.actorState("Counter", "a").get("n"), 5);
    await a.reset();
    assert.equal(fake.actorState("Counter", "a").size, 0);
  });

  it("calls others, and names what cannot be called", async () => {
    assert.equal(await a.other("b"), 1);
    await assert.rejects(a.other("a"), /within its turn/);
    await assert.rejects((a as unknown as { missing(): Promise<void> }).missing(), /actor method not found: missing/);
    await assert.rejects(actor("Nobody", "a").anything?.() as Promise<unknown>, /did not find address/);
    assert.throws(() => actor("", "a"), TypeError);
    await assert.rejects((a.increment as (...all: number[]) => Promise<number>)(1, 2), /takes one argument/);
    assert.throws(() => Object.assign(a, { increment: 1 }), TypeError);
  });

  it("is limited by grants", async () => {
    const caller = { default: () => a.increment() };
    fake.mount("bound", caller, { grants: { actors: ["Order"] } });
    await assert.rejects(fake.fetch("/bound"), /grants.actors/);
  });
});
