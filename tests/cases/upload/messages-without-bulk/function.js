export const subscriptions = [{ topic: "t", bulkSubscribe: { enabled: false } }];
export default { message() {} };
export const messages = () => {};
