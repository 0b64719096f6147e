import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type Context, type DapletError, type Env, type JobEvent, jobs, type ScheduledController } from "@daplet/sdk";
import { type FakeDaplet, fakeDaplet } from "@daplet/sdk/testing";

describe("jobs", () => {
  let fake: FakeDaplet;
  let seen: unknown[];
  const worker = {
    schedules: ["@daily", { name: "tick", schedule: "@every 1s", data: 1 }],
    default: {
      fetch: () => jobs().schedule("once", { dueTime: new Date(0), data: { n: 1 } }),
      job: (event: JobEvent, _: Env, ctx: Context) => {
        seen.push([event.name, event.data, ctx.attempt]);
        if (event.data === "bad") throw new Error("bad");
      },
    },
  };

  beforeEach(() => {
    seen = [];
    fake = fakeDaplet().mount("worker", worker);
  });
  afterEach(() => {
    fake.uninstall();
  });

  it("gives declared jobs to `scheduled`, and others to `job`", async () => {
    const job = (event: JobEvent) => seen.push(["job", event.name]);
    const scheduled = (controller: ScheduledController) => {
      seen.push([controller.cron, typeof controller.scheduledTime, controller.data]);
      controller.noRetry();
      throw new Error("given up");
    };
    fake.mount("both", { ...worker, default: { fetch: worker.default.fetch, job, scheduled } });
    await fake.fetch("/both");
    await fake.runJob("both", "tick");
    await fake.runJob("both", "once");
    assert.deepEqual(seen, [
      ["@every 1s", "number", 1],
      ["job", "once"],
    ]);
  });

  it("runs what a function scheduled or declares, when the test says so", async () => {
    await fake.fetch("/worker");
    assert.deepEqual([...fake.jobs("worker").keys()], ["@daily", "tick", "once"]);
    assert.equal(fake.jobs("worker").get("once")?.dueTime, "1970-01-01T00:00:00.000Z");
    await fake.runJob("worker", "tick");
    await fake.runJob("worker", "tick");
    await fake.runJob("worker", "once");
    assert.deepEqual(seen, [
      ["tick", 1, 1],
      ["tick", 1, 1],
      ["once", { n: 1 }, 1],
    ]);
    assert.equal(fake.jobs("worker").has("once"), false);
    await assert.rejects(fake.runJob("worker", "once"), /has no job "once"/);
  });

  it("keeps, replaces and deletes", async () => {
    await jobs().schedule("a", { schedule: "@daily", repeats: 2 });
    await assert.rejects(
      jobs().schedule("a", { dueTime: "1s" }),
      (error: DapletError) => error.code === "ALREADY_EXISTS",
    );
    await jobs().schedule("a", { dueTime: "1s" }, { overwrite: true });
    assert.deepEqual(await jobs().get("a"), { dueTime: "1s" });
    await jobs().delete("a");
    assert.equal(await jobs().get("a"), null);
    await assert.rejects(jobs().schedule("a", {}), /needs a schedule or a dueTime/);
    await assert.rejects(jobs().schedule("a", null as never), /job must be an object/);
    await assert.rejects(jobs().schedule("", { dueTime: "1s" }), TypeError);
  });

  it("keeps a job whose run failed", async () => {
    fake.mount("bad", { default: worker.default, schedules: [{ schedule: "@daily", data: "bad" }] });
    await assert.rejects(fake.runJob("bad", "@daily"), /bad/);
    assert.equal(fake.jobs("bad").size, 1);
    assert.throws(() => fake.mount("none", { schedules: ["@daily"], default: () => 1 }), /no "job" handler/);
  });
});
