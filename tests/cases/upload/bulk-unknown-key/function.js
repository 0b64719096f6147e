export const subscriptions = [{ topic: "t", bulkSubscribe: { maxMessages: 10 } }];
export function messages() {}
