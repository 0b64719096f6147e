export const subscriptions = [{ pubsub: "pubsub" }];
export default { fetch: () => 1, message() {} };
