import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeDaplet } from "@daplet/sdk/testing";
import * as counter from "./dist/function.js";

test("visits at the same moment are all counted, each page for itself", async () => {
  const daplet = fakeDaplet().mount("counter", counter);
  const visit = () => daplet.fetch("/counter/start", { method: "POST" });
  await Promise.all(Array.from({ length: 10 }, visit));
  assert.deepEqual(await (await daplet.fetch("/counter/start")).json(), { page: "/start", count: 10 });
  assert.deepEqual(await (await daplet.fetch("/counter/other")).json(), { page: "/other", count: 0 });
  assert.equal((await daplet.fetch("/counter/start", { method: "DELETE" })).status, 204);
  assert.deepEqual(await (await daplet.fetch("/counter/start")).json(), { page: "/start", count: 0 });
});
