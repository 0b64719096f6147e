export const subscriptions = [{ topic: "t", routes: { rules: [{ match: "(".repeat(1000), path: "a" }] } }];
export default { message() {} };
