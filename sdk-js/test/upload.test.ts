import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Actor, actor, jobs, pubsub, state } from "@daplet/sdk";
import { type FakeDaplet, fakeDaplet, Problem, UploadError } from "@daplet/sdk/testing";

/** A function's file, where it finds the SDK. */
function file(name: string, source: string): URL {
  const folder = new URL("./uploads/", import.meta.url);
  mkdirSync(folder, { recursive: true });
  const url = new URL(`${name}.js`, folder);
  writeFileSync(url, source);
  return url;
}

describe("upload", () => {
  let daplet: FakeDaplet;
  beforeEach(() => {
    daplet = fakeDaplet();
  });
  afterEach(() => {
    daplet.uninstall();
  });

  test("each call begins with a fresh module; a mounted one keeps its variables", async () => {
    const source = "let calls = 0; export default () => ({ calls: ++calls });";
    await daplet.upload("fresh", file("fresh", source));
    let calls = 0;
    daplet.mount("kept", { default: () => ({ calls: ++calls }) });
    const seen = async (path: string) => ((await (await daplet.fetch(path)).json()) as { calls: number }).calls;
    assert.deepEqual([await seen("/fresh"), await seen("/fresh")], [1, 1]);
    assert.deepEqual([await seen("/kept"), await seen("/kept")], [1, 2]);
  });

  test("what the host refuses is refused, with its status and code", async () => {
    const refused = (status: number, code: string, message: RegExp) => (error: unknown) =>
      error instanceof UploadError && error.status === status && error.code === code && message.test(error.message);
    const module = { default: () => 1 };
    assert.throws(() => daplet.mount("Shop", module), refused(400, "badRequest", /may have only a-z/));
    assert.throws(() => daplet.mount("actors", module), refused(400, "badRequest", /is reserved/));
    const twice = { ...module, bindings: ["a", "a"], binding: () => undefined };
    assert.throws(() => daplet.mount("twice", twice), refused(422, "exception", /"a" is there twice/));
    await assert.rejects(daplet.upload("broken", file("broken", "throw new RangeError('no')")), RangeError);
    const early = 'import { state } from "@daplet/sdk"; await state().get("k"); export default () => 1;';
    await assert.rejects(daplet.upload("early", file("early", early)), { name: "LoadTimeError" });
    assert.equal((await daplet.request("/broken")).status, 404);
  });

  test("an actor type stays its function's", () => {
    class Cart extends Actor {}
    const code = (code: string) => (error: unknown) => error instanceof UploadError && error.code === code;
    daplet.mount("shop", { Cart });
    assert.throws(() => daplet.mount("other", { Cart }), code("actorTypeTaken"));
    daplet.mount("shop", { default: () => 1 });
    assert.throws(() => daplet.mount("other", { Cart }), code("actorTypeOwned"));
    daplet.mount("shop", { Cart });
  });

  test("a conflict runs the whole handler again, in a fresh module", async () => {
    const source = `
      import { state } from "@daplet/sdk";
      let calls = 0;
      export default async () => {
        calls++;
        const runs = await state().update("runs", (n) => (n ?? 0) + 1);
        await state().transaction(async (tx) => {
          await tx.get("k");
          if (runs < 3) await state().put("k", runs);
          tx.put("done", runs);
        });
        return { calls, runs };
      };`;
    await daplet.upload("racer", file("racer", source));
    assert.deepEqual(await (await daplet.fetch("/racer")).json(), { calls: 1, runs: 3 });
    assert.equal(daplet.stored().get("f/racer/done"), 3);
  });

  test("limits end an invocation, also what it left to waitUntil", async () => {
    const many = 'for (let i = 0; i < 9; i++) await state().get("k");';
    const source = `import { state } from "@daplet/sdk";
      export const GET = async () => { ${many} };
      export const POST = (request, env, ctx) => { ctx.waitUntil((async () => { ${many} })()); return "ok"; };`;
    await daplet.upload("busy", file("busy", source), { limits: { operations: 5 } });
    await assert.rejects(daplet.fetch("/busy"), (error) => error instanceof Problem && error.status === 503);
    assert.equal((await daplet.request("/busy")).status, 503);
    assert.equal(await (await daplet.fetch("/busy", { method: "POST" })).text(), "ok");
    assert.match(String(daplet.failures[0]?.error), /exceeded its limit operations of 5/);
    assert.throws(
      () => daplet.mount("huge", { default: () => 1 }, { limits: { operations: 20_000 } }),
      /at most 10000/,
    );
  });
});

describe("quotas", () => {
  /** What it comes to when `work` keeps more than the quota allows. */
  async function exceeds(quotas: Record<string, number>, work: () => Promise<unknown>, message: RegExp): Promise<void> {
    const daplet = fakeDaplet({ quotas }).mount("f", { default: work, message: () => undefined, subscriptions: ["t"] });
    try {
      await assert.rejects(daplet.fetch("/f"), { code: "quotaExceeded", message });
    } finally {
      daplet.uninstall();
    }
  }

  test("what would exceed one is refused in the host's words", async () => {
    const large = "x".repeat(600_000);
    const both = async (keep: (n: number) => Promise<void>) => {
      await keep(1);
      await keep(2);
    };
    await exceeds(
      { function_state_mb: 1 },
      () => both((n) => state().put(`k${n}`, large)),
      /^"f" would keep 12\d+ bytes of state; the quota function_state_mb is 1048576 bytes \(`--quota-function-state-mb`, /,
    );
    class Large extends Actor {
      keep(key: string): void {
        this.state.set(key, large);
      }
    }
    const crowded = fakeDaplet({ quotas: { function_state_mb: 1 } }).mount("l", { Large });
    await actor<Large>("Large", "a").keep("one");
    await assert.rejects(actor<Large>("Large", "b").keep("two"), /"actors Large" would keep 12\d+ bytes of state/);
    assert.equal(crowded.actorState("Large", "b").size, 0);
    crowded.uninstall();
    await exceeds(
      { messages_mb: 1 },
      () => both(() => pubsub().publish("t", large)),
      /^all functions would keep 12\d+ bytes of messages; the quota messages_mb is 1048576 bytes/,
    );
    await exceeds(
      { function_jobs: 1 },
      () => both((n) => jobs().schedule(`j${n}`, { dueTime: "1h" })),
      /^"f" would keep 2 jobs; the quota function_jobs is 1 \(/,
    );
  });

  test("what is taken away makes room", async () => {
    const daplet = fakeDaplet({ quotas: { state_mb: 1, messages_mb: 1 } });
    const large = "x".repeat(600_000);
    await state().put("a", large);
    await state().put("a", large);
    await state().delete("a");
    await state().put("b", large);
    daplet.mount("f", { message: () => undefined, subscriptions: ["t"] });
    await pubsub().publish("t", large);
    await daplet.deliver();
    await pubsub().publish("t", large);
    assert.equal(daplet.published.length, 2);
    daplet.uninstall();
  });
});
