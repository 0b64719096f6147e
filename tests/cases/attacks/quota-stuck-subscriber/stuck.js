import { pubsub } from "@daplet/sdk";
export const subscriptions = [{ topic: "stuck", retry: { maxRetries: -1, policy: "constant", durationMs: 100 } }];
export default {
  async fetch() {
    const outcomes = [];
    for (let n = 0; n < 4; n++) {
      outcomes.push(await pubsub().publish("stuck", "x".repeat(256 * 1024)).then(() => "kept", (e) => e.code));
    }
    return outcomes;
  },
  message() { throw new Error("never") },
};
