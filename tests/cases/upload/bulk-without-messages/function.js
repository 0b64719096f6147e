export const subscriptions = ["s", { topic: "t", bulkSubscribe: true }];
export default { message() {} };
