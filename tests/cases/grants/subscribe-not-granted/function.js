export const subscriptions = [{ topic: "orders" }, { topic: "payments" }];
export function message() {}
