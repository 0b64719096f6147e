import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeDaplet } from "@daplet/sdk/testing";
import * as failedOrders from "./failed-orders.js";
import * as orders from "./orders.js";

const post = (order) => ({ method: "POST", body: JSON.stringify(order) });

test("an order is confirmed once its event is delivered", async () => {
  const daplet = fakeDaplet().mount("orders", orders);
  assert.equal((await daplet.fetch("/orders/1", post({ quantity: 2 }))).status, 202);
  assert.equal((await daplet.fetch("/orders/1")).status, 404);
  const [delivery] = await daplet.deliver();
  assert.equal(delivery.outcome, "SUCCESS");
  const order = await (await daplet.fetch("/orders/1")).json();
  assert.deepEqual(order, { id: "1", quantity: 2, status: "confirmed" });
});

test("an order that cannot be worked on is tried three times and kept as failed", async () => {
  const daplet = fakeDaplet().mount("orders", orders).mount("failed-orders", failedOrders);
  await daplet.fetch("/orders/2", post({ quantity: "many" }));
  const [delivery] = await daplet.deliver();
  assert.equal(delivery.attempts, 3);
  assert.equal(delivery.deadLetterTopic, "orders-failed");
  assert.equal((await daplet.fetch("/orders/2")).status, 404);
  const failed = await (await daplet.fetch("/failed-orders/2")).json();
  assert.deepEqual(failed, { id: "2", quantity: "many", status: "failed", publishedTo: "orders" });
});
