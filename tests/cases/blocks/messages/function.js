import { pubsub, state } from "@daplet/sdk";
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const once = { policy: "constant", durationMs: 1, maxRetries: 1 };
export const subscriptions = ["messages-plain", { topic: "messages-bad", retry: once, deadLetterTopic: "messages-dead" }, "messages-dead",
  { topic: "messages-raw", rawPayload: true }, { topic: "messages-cooked" }];
const note = (entry) => state().update("seen", (seen) => [...(seen ?? []), entry], { retries: 100 });
export default {
  async fetch() {
    const p = pubsub();
    await state().delete("seen");
    await p.publish("messages-plain", { a: 1 }, { metadata: { "cloudevent.type": "mine", "CloudEvent.Subject": "s" } });
    await p.publish("messages-plain", "text");
    await p.publish("messages-plain", new Uint8Array([0, 255]));
    await p.publish("messages-plain", { id: "7", source: "shop", type: "order", specversion: "1.0", data: [1], mine: "x" });
    await p.publish("messages-plain", "late", { ttl: 60 });
    await p.publish("messages-bad", 1);
    await p.publish("messages-raw", "raw", { metadata: { rawPayload: "true" } });
    await p.publish("messages-cooked", { specversion: "1.0", a: 2 }, { metadata: { rawPayload: "t" } });
    await p.publishMany("messages-plain", [{ data: 1 }, { data: "<a/>", contentType: "application/xml" }]);
    for (let i = 0; i < 200 && ((await state().get("seen")) ?? []).length < 12; i++) await pause(10);
    return ((await state().get("seen")) ?? []).map((entry) => JSON.stringify(entry)).sort();
  },
  async message(event, env, ctx) {
    const { topic, type, subject, source, datacontenttype, data, data_base64, mine, pubsubname, expiration } = event;
    await note([ctx.topic, ctx.attempt, topic, pubsubname, type, subject, source, datacontenttype, data, data_base64, mine, typeof expiration]);
    if (ctx.topic === "messages-bad") throw new Error("no");
  },
};
