export const subscriptions = [{ topic: "t", routes: { rules: Array.from({ length: 129 }, () => ({ match: "true", path: "a" })) } }];
export default { message() {} };
