import { pubsub } from "@daplet/sdk";
export default { async fetch() { for (;;) await pubsub().publish("nobody-listens", 1) } };
