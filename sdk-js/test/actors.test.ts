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

class Lease extends Actor {
  arrow = () => "a field";
  async start(period?: string): Promise<void> {
    await this.reminders.set("renew", { dueTime: "10m", ...(period && { period, repeats: 2 }), data: { n: 1 } });
    await this.timers.set("beat", { callback: "beat", period: "1s", data: 3 });
  }
  async receiveReminder(name: string, data: { n: number }): Promise<void> {
    const got = (await this.state.get<unknown[]>("got")) ?? [];
    this.state.set("got", [...got, [name, data]]);
    if (data.n === 13) throw new RangeError("unlucky");
    if (data.n === 7) await this.reminders.set(name, { dueTime: "1h", data: { n: 8 } });
  }
  beat(by: number): void {
    this.state.set("beats", by);
  }
  async remind(n: number): Promise<unknown> {
    await this.reminders.set("other", { dueTime: new Date(0), data: { n } });
    return await this.reminders.get("other");
  }
  async stop(): Promise<unknown> {
    await this.reminders.delete("renew");
    await this.timers.delete("beat");
    return await this.reminders.get("renew");
  }
  async wrong(which: string): Promise<void> {
    if (which === "callback") await this.timers.set("t", { callback: "missing" });
    if (which === "field") await this.timers.set("t", { callback: "arrow" });
    if (which === "time") await this.reminders.set("t", {});
    if (which === "ttl") await this.reminders.set("t", { dueTime: "1s", ttl: "1h" });
    if (which === "data") await this.reminders.set("t", { dueTime: "1s", data: new Map() });
    if (which === "name") await this.reminders.set("", { dueTime: "1s" });
  }
}

class Deaf extends Actor {
  async start(): Promise<void> {
    await this.reminders.set("renew", { dueTime: "10m" });
  }
}

describe("reminders and timers", () => {
  let fake: FakeDaplet;
  const a = actor<Lease>("Lease", "a");

  beforeEach(() => {
    fake = fakeDaplet().mount("leases", { Lease, Deaf });
  });
  afterEach(() => {
    fake.uninstall();
  });

  it("are seen, and call when a test says so", async () => {
    await a.start();
    assert.deepEqual(fake.reminders("Lease", "a"), new Map([["renew", { dueTime: "10m", data: { n: 1 } }]]));
    assert.deepEqual(fake.timers("Lease", "a").get("beat"), { callback: "beat", period: "1s", data: 3 });
    await fake.fireReminder("Lease", "a", "renew");
    await fake.fireTimer("Lease", "a", "beat");
    await fake.fireTimer("Lease", "a", "beat");
    assert.deepEqual(fake.actorState("Lease", "a").get("got"), [["renew", { n: 1 }]]);
    assert.equal(fake.actorState("Lease", "a").get("beats"), 3);
    assert.equal(fake.reminders("Lease", "a").size, 0, "it was for one time");
    await assert.rejects(fake.fireReminder("Lease", "a", "renew"), /has no "renew"/);
    assert.equal(await a.stop(), null);
    assert.equal(fake.timers("Lease", "a").size, 0);
  });

  it("end after their repeats, and may be set again by their own turn", async () => {
    await a.start("1m");
    await fake.fireReminder("Lease", "a", "renew");
    assert.equal(fake.reminders("Lease", "a").size, 1);
    await fake.fireReminder("Lease", "a", "renew");
    assert.equal(fake.reminders("Lease", "a").size, 0);
    const set = await a.remind(7);
    assert.deepEqual(set, { dueTime: "1970-01-01T00:00:00.000Z", data: { n: 7 } });
    await fake.fireReminder("Lease", "a", "other");
    assert.deepEqual(fake.reminders("Lease", "a").get("other"), { dueTime: "1h", data: { n: 8 } });
  });

  it("stay when their turn throws", async () => {
    await a.remind(13);
    await assert.rejects(fake.fireReminder("Lease", "a", "other"), /unlucky/);
    assert.equal(fake.reminders("Lease", "a").size, 1);
    assert.equal(fake.actorState("Lease", "a").get("got"), undefined);
  });

  it("are refused where they could never call", async () => {
    for (const [which, why] of [
      ["callback", /callback is "missing", but the class has no such method/],
      ["field", /no such method/],
      ["time", /needs a dueTime or a period/],
      ["ttl", /ttl is for a reminder with a period/],
      ["data", /data is a Map/],
      ["name", /name must not be empty/],
    ] as const) {
      await assert.rejects(a.wrong(which), why, which);
    }
    await assert.rejects(actor<Deaf>("Deaf", "a").start(), /no method receiveReminder/);
  });

  it("cannot be played by callers", async () => {
    const open = actor("Lease", "a");
    for (const method of ["receiveReminder", "remind/renew", "timer/beat"]) {
      await assert.rejects(async () => open[method]?.({ callback: "beat" }), /actor method not found/, method);
    }
  });
});

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
