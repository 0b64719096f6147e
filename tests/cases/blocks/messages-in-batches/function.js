import { pubsub, state } from "@daplet/sdk";
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
export const subscriptions = [{ topic: "batches", retry: { policy: "constant", durationMs: 1, maxRetries: 2 }, bulkSubscribe: { maxMessagesCount: 10, maxAwaitDurationMs: 50 } }];
export default {
  async fetch() {
    await state().delete("seen");
    await pubsub().publishMany("batches", ["good", "twice", "bad", "drop"].map((data) => ({ data })));
    for (let i = 0; i < 300 && (await state().get("seen"))?.bad !== 3; i++) await pause(10);
    return await state().get("seen");
  },
  async messages(events, env, ctx) {
    await state().update("seen", (seen) => {
      const next = { ...seen };
      events.forEach(({ data }, i) => { next[data] = ctx.attempts[i] });
      return next;
    });
    return events.map(({ data }, i) => (data === "drop" ? "DROP" : data === "bad" || (data === "twice" && ctx.attempts[i] === 1) ? "RETRY" : "SUCCESS"));
  },
};
