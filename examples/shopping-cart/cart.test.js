import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeDaplet } from "@daplet/sdk/testing";
import * as cart from "./cart.js";

test("a cart takes what comes at once, and is empty after the check-out", async () => {
  const daplet = fakeDaplet().mount("cart", cart);
  const post = (item, quantity) =>
    daplet.fetch("/cart/ada", { method: "POST", body: JSON.stringify({ item, quantity }) });
  await Promise.all([post("pen", 1), post("pen", 2), post("ink", 1)]);
  assert.deepEqual(daplet.actorState("Cart", "ada").get("items"), { pen: 3, ink: 1 });
  await assert.rejects(post("pen", 0), /quantity is 0/);
  const bought = await daplet.fetch("/cart/ada", { method: "DELETE" });
  assert.deepEqual(await bought.json(), { bought: { pen: 3, ink: 1 } });
  assert.deepEqual(await (await daplet.fetch("/cart/ada")).json(), {});
});

test("a cart that is left alone says so, unless it was checked out", async () => {
  const daplet = fakeDaplet().mount("cart", cart);
  const post = (customer) => daplet.fetch(`/cart/${customer}`, { method: "POST", body: '{"item":"pen","quantity":1}' });
  await Promise.all([post("ada"), post("bob")]);
  await daplet.fetch("/cart/bob", { method: "DELETE" });
  assert.equal(daplet.reminders("Cart", "bob").size, 0);
  await daplet.fireReminder("Cart", "ada", "abandoned"); // as if a day had passed
  const [{ topic, event }] = daplet.published;
  assert.deepEqual([topic, event.data], ["abandoned-carts", { customer: "ada", items: { pen: 1 } }]);
});
