// Rules that look at a list once for each of its elements, or at a long text, or match a pattern made at the event.
import { pubsub } from "@daplet/sdk";
const rules = [
  "event.data.all(x, !(-1 in event.data))",
  "event.data.all(x, event.data != event.data + [1])",
  "event.data.all(x, string(event.data).matches('(a|b)*c'))",
  "event.data.all(x, 'x'.matches('(a|b)*c' + string(x)) == false)",
  "event.data.filter(x, event.data.size() > 0 && x in event.data).size() < 0",
];
export const subscriptions = rules.map((match, n) => (
  { topic: `loop-${n}`, retry: { maxRetries: 0 }, routes: { rules: [{ match, path: "a" }], default: "b" } }));
export default {
  message() {},
  async fetch(request) {
    const list = new Array(30000).fill(1);
    for (const { topic } of subscriptions) await pubsub().publish(topic, list);
    return "published";
  },
};
