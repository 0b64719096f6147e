export const subscriptions = Array.from({ length: 257 }, (_, i) => `t${i}`);
export default { message() {} };
