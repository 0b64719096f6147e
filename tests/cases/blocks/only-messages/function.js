export const subscriptions = ["only-messages"];
export function message() {}
