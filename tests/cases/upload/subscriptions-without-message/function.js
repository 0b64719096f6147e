export const subscriptions = [{ topic: "t" }];
export default { fetch: () => 1 };
