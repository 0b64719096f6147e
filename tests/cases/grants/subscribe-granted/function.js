export const subscriptions = [{ topic: "orders", deadLetterTopic: "dead" }];
export default { fetch: () => "ok", message() {} };
