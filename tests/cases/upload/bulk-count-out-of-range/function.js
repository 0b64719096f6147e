export const subscriptions = [{ topic: "t", bulkSubscribe: { maxMessagesCount: 1001 } }];
export function messages() {}
