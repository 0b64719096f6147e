export const subscriptions = [{ topic: "mine", deadLetterTopic: "payments" }];
export default { message() { return "DROP" } };
