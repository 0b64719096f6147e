export const configuration = [{ keys: ["open", "closed"] }];
export default { configuration() {} };
