import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { type BatchHandler, type CloudEvent, type Context, type Handlers, pubsub, state } from "@daplet/sdk";
import { type FakeDaplet, fakeDaplet, type FunctionModule } from "@daplet/sdk/testing";

/** Batches as their data, and how often each event was tried. */
function gatherer(answer: (data: unknown[], ctx: Context) => ReturnType<BatchHandler> = () => undefined) {
  const batches: unknown[][] = [];
  const attempts: (readonly number[] | undefined)[] = [];
  const messages: BatchHandler = (events, _env, ctx) => {
    const data = events.map((event) => event.data);
    batches.push(data);
    attempts.push(ctx.attempts);
    return answer(data, ctx);
  };
  return { batches, attempts, messages };
}

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

describe("bulk subscriptions", () => {
  let daplet: FakeDaplet;
  beforeEach(() => {
    daplet = fakeDaplet();
  });
  afterEach(() => {
    daplet.uninstall();
  });
  const publish = (data: readonly unknown[]) =>
    pubsub().publishMany(
      "t",
      data.map((one) => ({ data: one })),
    );

  test("what waits comes in batches, in its order", async () => {
    const { batches, messages } = gatherer();
    const single: unknown[] = [];
    const subscriptions = [{ topic: "t", bulkSubscribe: { maxMessagesCount: 4 } }];
    daplet.mount("bulk", { messages, subscriptions });
    daplet.mount("single", { message: (event: CloudEvent) => void single.push(event.data), subscriptions: ["t"] });
    await publish(numbers(10));
    const deliveries = await daplet.deliver();
    assert.deepEqual(batches, [
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ]);
    assert.deepEqual(single, numbers(10));
    assert.equal(deliveries.filter(({ outcome, attempts }) => outcome === "SUCCESS" && attempts === 1).length, 20);
  });

  test("true means Dapr's defaults, false single messages", async () => {
    const { batches, messages } = gatherer();
    daplet.mount("bulk", { messages, subscriptions: [{ topic: "t", bulkSubscribe: true }] });
    for (const bulkSubscribe of [false, { enabled: false }]) {
      daplet.mount("single", { message: () => undefined, subscriptions: [{ topic: "t", bulkSubscribe }] });
    }
    await publish(numbers(101));
    await daplet.deliver();
    assert.deepEqual(
      batches.map((batch) => batch.length),
      [100, 1],
    );
  });

  test("each event has its own outcome; only what failed comes again, then goes to the dead-letter topic", async () => {
    const { batches, attempts, messages } = gatherer((data, ctx) =>
      data.map((one, i) => {
        if (one === "drop") return "DROP";
        if (one === "bad") return "RETRY";
        return one === "twice" && ctx.attempts?.[i] === 1 ? "RETRY" : "SUCCESS";
      }),
    );
    const dead: unknown[] = [];
    const subscriptions = [{ topic: "t", deadLetterTopic: "dead", retry: { maxRetries: 2 }, bulkSubscribe: true }];
    daplet.mount("bulk", { messages, subscriptions });
    daplet.mount("dead", { message: (event: CloudEvent) => void dead.push(event.data), subscriptions: ["dead"] });
    await publish(["good", "bad", "drop", "twice"]);
    const deliveries = await daplet.deliver();
    assert.deepEqual(batches, [["good", "bad", "drop", "twice"], ["bad", "twice"], ["bad"]]);
    assert.deepEqual(attempts, [[1, 1, 1, 1], [2, 2], [3]]);
    assert.deepEqual(dead, ["bad", "drop"]);
    assert.deepEqual(
      deliveries
        .slice(0, 4)
        .map(({ outcome, attempts, deadLetterTopic = "" }) => `${outcome} ${attempts} ${deadLetterTopic}`),
      ["SUCCESS 1 ", "RETRIES_EXHAUSTED 3 dead", "DROP 1 dead", "SUCCESS 2 "],
    );
  });

  test("a throw is for all, and so is a single word", async () => {
    let calls = 0;
    const { batches, messages } = gatherer(() => {
      calls++;
      if (calls === 1) throw new Error("not yet");
      return calls === 2 ? "RETRY" : "DROP";
    });
    daplet.mount("bulk", {
      default: { messages } satisfies Handlers,
      subscriptions: [{ topic: "t", bulkSubscribe: true }],
    });
    await publish([1, 2]);
    const deliveries = await daplet.deliver();
    assert.equal(batches.length, 3);
    assert.deepEqual(
      deliveries.map(({ outcome, attempts, error }) => [outcome, attempts, String(error)]),
      [
        ["DROP", 3, "Error: not yet"],
        ["DROP", 3, "Error: not yet"],
      ],
    );
  });

  test("an outcome that is missing or no word is RETRY", async () => {
    const { batches, messages } = gatherer((data) => (data.length === 3 ? (["SUCCESS", "DONE"] as never) : undefined));
    daplet.mount("bulk", { messages, subscriptions: [{ topic: "t", bulkSubscribe: true }] });
    await publish([1, 2, 3]);
    await daplet.deliver();
    assert.deepEqual(batches, [
      [1, 2, 3],
      [2, 3],
    ]);
  });

  test("a batch is one invocation: one transaction for all its events", async () => {
    const messages: BatchHandler<{ id: string }> = async (events) => {
      await state().transact(events.map(({ data }) => ({ put: data.id, value: data })));
    };
    daplet.mount("bulk", { messages, subscriptions: [{ topic: "t", bulkSubscribe: true }] });
    await publish([{ id: "a" }, { id: "b" }]);
    await daplet.deliver();
    assert.deepEqual([...daplet.stored().keys()], ["f/bulk/a", "f/bulk/b"]);
  });

  test("expired and raw messages are as elsewhere", async () => {
    const seen: unknown[] = [];
    const messages: BatchHandler = (events) => void seen.push(...events.map((event) => event.data_base64));
    daplet.mount("bulk", { messages, subscriptions: [{ topic: "t", rawPayload: true, bulkSubscribe: true }] });
    await pubsub().publish("t", "hi", { metadata: { rawPayload: "true" } });
    await daplet.deliver();
    assert.deepEqual(seen, [Buffer.from("hi").toString("base64")]);
    const late = gatherer();
    daplet.mount("late", { messages: late.messages, subscriptions: [{ topic: "late", bulkSubscribe: true }] });
    await pubsub().publish("late", 1, { ttl: 5 });
    daplet.clock.advance(5000);
    assert.deepEqual(
      (await daplet.deliver()).map(({ outcome }) => outcome),
      ["EXPIRED"],
    );
    assert.deepEqual(late.batches, []);
  });

  const refused: [string, FunctionModule, RegExp][] = [
    [
      "no messages handler",
      { message() {}, subscriptions: [{ topic: "t", bulkSubscribe: true }] },
      /no "messages" handler/,
    ],
    ["no bulkSubscribe", { messages() {}, message() {}, subscriptions: ["t"] }, /no subscription with "bulkSubscribe"/],
    [
      "no message handler",
      { messages() {}, subscriptions: ["s", { topic: "t", bulkSubscribe: true }] },
      /no "message" handler/,
    ],
  ];
  for (const [name, module, message] of refused) {
    test(`refused: ${name}`, () => {
      assert.throws(() => daplet.mount("wrong", module), message);
    });
  }
});
