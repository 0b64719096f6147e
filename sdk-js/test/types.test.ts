// Handlers as developers write them must satisfy the shipped types; a mistake here fails the build of the tests.
import assert from "node:assert/strict";
import { test } from "node:test";
import type {
  BatchHandler,
  CloudEvent,
  Context,
  Env,
  FetchHandler,
  Handlers,
  MessageHandler,
  Subscription,
} from "@daplet/sdk";

interface Order {
  id: string;
}

const handlers = {
  fetch(request: Request, env: Env, ctx: Context) {
    ctx.waitUntil(Promise.resolve());
    return { url: request.url, region: env["REGION"] };
  },
  async message(event: CloudEvent<Order>) {
    await Promise.resolve();
    if (event.data.id === "") return "DROP";
  },
  async messages(events: CloudEvent<Order>[], _env: Env, ctx: Context) {
    await Promise.resolve();
    if (events.length === 0) return;
    return events.map((event, i) => (event.data.id === "" && ctx.attempts?.[i] !== 1 ? "DROP" : "SUCCESS"));
  },
} satisfies Handlers;

const silent: MessageHandler<Order> = (event) => {
  assert.ok(event.data.id);
};
const asynchronous: FetchHandler = () => Promise.resolve("text");
const subscription: Subscription = { topic: "t", retry: { policy: "constant", durationMs: 100, maxRetries: -1 } };

const bulk: Subscription[] = [
  { topic: "t", bulkSubscribe: true },
  { topic: "u", bulkSubscribe: { enabled: true, maxMessagesCount: 10, maxAwaitDurationMs: 50 } },
];
const allAgain: BatchHandler<Order> = (events) => (events.length > 1 ? "RETRY" : undefined);

// @ts-expect-error a subscription without a topic
const incomplete: Subscription = { pubsub: "pubsub" };
// @ts-expect-error a word that Dapr does not know
const wrongWord: MessageHandler = () => "DONE";
// @ts-expect-error one of the outcomes is no word
const wrongWords: BatchHandler = () => ["SUCCESS", "DONE"];

test("handlers satisfy the types", async () => {
  for (const value of [...Object.values(handlers), silent, asynchronous, allAgain, wrongWord, wrongWords]) {
    assert.equal(typeof value, "function");
  }
  assert.ok(subscription.topic);
  assert.equal(bulk.length, 2);
  assert.equal(incomplete.topic, undefined);
  const event = {
    id: "",
    source: "",
    type: "",
    specversion: "1.0",
    topic: "t",
    pubsubname: "pubsub",
    data: { id: "" },
  };
  assert.equal(await handlers.message(event), "DROP");
});
