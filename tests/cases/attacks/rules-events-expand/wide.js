export const subscriptions = [
  { topic: "wide", retry: { maxRetries: 0 }, routes: { rules: [{ match: "event.data.size() < 0", path: "a" }], default: "b" } },
];
export default { async message() { await new Promise((done) => setTimeout(done, 1000)) } };
