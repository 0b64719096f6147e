export const subscriptions = ["s", { topic: "t", bulkSubscribe: true }];
export function messages() {}
