import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeDaplet } from "@daplet/sdk/testing";
import * as reminders from "./reminders.js";

test("a reminder is kept until it is due, then told", async () => {
  const daplet = fakeDaplet().mount("reminders", reminders);
  const body = JSON.stringify({ in: "10m", text: "tea" });
  assert.equal((await daplet.fetch("/reminders/tea", { method: "POST", body })).status, 202);
  assert.equal((await daplet.fetch("/reminders/tea")).status, 404);
  assert.equal(daplet.jobs("reminders").get("tea").dueTime, "10m");
  await daplet.runJob("reminders", "tea");
  assert.deepEqual(await (await daplet.fetch("/reminders/tea")).json(), { reminded: "tea" });
  assert.deepEqual(
    daplet.published.map((message) => message.topic),
    ["reminders"],
  );
});

test("the heart beats", async () => {
  const daplet = fakeDaplet().mount("reminders", reminders);
  for (let beat = 0; beat < 3; beat++) await daplet.runJob("reminders", "heartbeat");
  assert.deepEqual(await (await daplet.fetch("/reminders/heartbeat")).json(), { alive: true, beats: 3 });
});
