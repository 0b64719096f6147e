export const subscriptions = [{ topic: "t", routes: { rules: [{ match: "event.type.matches('((a{100}){100}){100}')", path: "a" }] } }];
export default { message() {} };
