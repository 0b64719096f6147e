export const subscriptions = [{ topic: "t", bulkSubscribe: { maxAwaitDurationMs: "1s" } }];
export function messages() {}
