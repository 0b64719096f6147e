import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { type CloudEvent, type Context, type Env, NotFoundError, pubsub, type Subscription } from "@daplet/sdk";
import { type FakeDaplet, fakeDaplet } from "@daplet/sdk/testing";

/** A function that keeps what it gets and answers what `answer` says. */
function listener(subscription: Subscription, answer: (event: CloudEvent) => unknown = () => undefined) {
  const events: CloudEvent[] = [];
  const message = (event: CloudEvent) => {
    events.push(event);
    return answer(event);
  };
  return { events, module: { message, subscriptions: [subscription] } };
}

describe("pubsub", () => {
  let daplet: FakeDaplet;
  beforeEach(() => {
    daplet = fakeDaplet();
  });
  afterEach(() => {
    daplet.uninstall();
  });

  test("the data's type decides the content type and what subscribers see", async () => {
    const { events, module } = listener({ topic: "t" });
    daplet.mount("listener", module);
    const bytes = new Uint8Array([0, 255, 10]);
    await pubsub().publish("t", { a: 1 });
    await pubsub().publish("t", "text");
    await pubsub().publish("t", bytes);
    await pubsub().publish("t", bytes.buffer);
    await pubsub().publish("t", '{"a":2}', { contentType: "application/json" });
    await pubsub().publish("t", null);
    await daplet.deliver();
    assert.deepEqual(
      events.map(({ datacontenttype, data, data_base64 }) => [datacontenttype, data_base64 ?? data]),
      [
        ["application/json", { a: 1 }],
        ["text/plain", "text"],
        ["application/octet-stream", "AP8K"],
        ["application/octet-stream", "AP8K"],
        ["application/json", { a: 2 }],
        ["application/json", null],
      ],
    );
    assert.ok(events.every((event) => event.topic === "t" && event.pubsubname === "pubsub"));
  });

  test("a CloudEvent goes as it is", async () => {
    const { events, module } = listener({ topic: "t" });
    daplet.mount("listener", module);
    await pubsub().publish("t", { id: "7", source: "shop", type: "order", specversion: "1.0", data: [1], mine: "x" });
    await daplet.deliver();
    const [event] = events;
    assert.deepEqual(
      [event?.id, event?.source, event?.type, event?.data, event?.["mine"], event?.topic],
      ["7", "shop", "order", [1], "x", "t"],
    );
  });

  test("publishMany keeps order and content, binary too", async () => {
    const { events, module } = listener({ topic: "t" });
    daplet.mount("listener", module);
    const large = new Uint8Array(10_000).fill(200);
    const entries = [{ data: { a: 1 } }, { data: "x", ttl: 9 }, { data: large, entryId: "big" }];
    assert.deepEqual(await pubsub().publishMany("t", entries), { failed: [] });
    await daplet.deliver();
    assert.deepEqual(events[0]?.data, { a: 1 });
    assert.equal(events[1]?.data, "x");
    assert.equal(Date.parse(events[1].expiration ?? ""), Math.floor(daplet.clock.now / 1000) * 1000 + 9000);
    assert.deepEqual(new Uint8Array(Buffer.from(events[2]?.data_base64 ?? "", "base64")), large);
  });

  test("retries, then dead letter; the event keeps its topic", async () => {
    const failing = listener({ topic: "t", deadLetterTopic: "dead", retry: { maxRetries: 2 } }, () => {
      throw new Error("no");
    });
    const dead = listener({ topic: "dead" });
    daplet.mount("failing", failing.module).mount("dead", dead.module);
    await pubsub().publish("t", 1);
    const [first, second] = await daplet.deliver();
    assert.equal(first?.outcome, "RETRIES_EXHAUSTED");
    assert.equal(first.attempts, 3);
    assert.equal(first.deadLetterTopic, "dead");
    assert.match(String(first.error), /no/);
    assert.equal(second?.outcome, "SUCCESS");
    assert.equal(dead.events[0]?.topic, "t");
  });

  test("RETRY asks again, DROP gives up at once", async () => {
    const flaky = {
      message: (_event: CloudEvent, _env: Env, ctx: Context) => (ctx.attempt === 3 ? undefined : "RETRY"),
      subscriptions: ["t"],
    };
    const dropper = listener({ topic: "t" }, () => "DROP");
    daplet.mount("flaky", flaky).mount("dropper", dropper.module);
    await pubsub().publish("t", 1);
    const outcomes = (await daplet.deliver()).map(({ attempts, outcome }) => [attempts, outcome]);
    assert.deepEqual(outcomes, [
      [3, "SUCCESS"],
      [1, "DROP"],
    ]);
  });

  test("an expired message is not handled", async () => {
    const { events, module } = listener({ topic: "t" });
    daplet.mount("listener", module);
    await pubsub().publish("t", 1, { ttl: 5 });
    daplet.clock.advance(5000);
    assert.equal((await daplet.deliver())[0]?.outcome, "EXPIRED");
    assert.equal(events.length, 0);
  });

  test("raw payloads arrive as bytes where the subscription asks for them", async () => {
    const { events, module } = listener({ topic: "t", rawPayload: true });
    daplet.mount("listener", module);
    await pubsub().publish("t", "hi", { metadata: { rawPayload: "true" } });
    await daplet.deliver();
    assert.equal(events[0]?.data_base64, Buffer.from("hi").toString("base64"));
  });

  test("metadata can name the event's type", async () => {
    await pubsub().publish("t", 1, { metadata: { "cloudevent.type": "order.placed" } });
    assert.equal(daplet.published[0]?.event?.type, "order.placed");
  });

  test("an unknown component is named", async () => {
    await assert.rejects(pubsub("nope").publish("t", 1), NotFoundError);
  });

  const refused: [string, () => Promise<unknown>, RegExp][] = [
    ["an empty topic", () => pubsub().publish("", 1), /pubsub\.publish: topic must not be empty/],
    ["undefined", () => pubsub().publish("t", undefined), /data is undefined/],
    ["a number as metadata", () => pubsub().publish("t", 1, { metadata: { a: 1 as never } }), /metadata\.a must be/],
    ["a bad ttl", () => pubsub().publish("t", 1, { ttl: 1.5 }), /options\.ttl must be a whole number/],
    ["bare values in publishMany", () => pubsub().publishMany("t", [1 as never]), /events\[0\] must be an object/],
    [
      "two entries of one id",
      () => pubsub().publishMany("t", [{ data: 1, entryId: "1" }, { data: 2 }]),
      /events\[1\]\.entryId "1" is there twice/,
    ],
  ];
  for (const [what, run, message] of refused) {
    test(`refuses ${what}`, async () => {
      await assert.rejects(run, { name: "TypeError", message });
      assert.equal(daplet.published.length, 0);
    });
  }
});
