// Takes orders, and works on them later: POST publishes to the topic `orders`, `message` gets them from there.
import { pubsub, state } from "@daplet/sdk";

export const subscriptions = [
  {
    topic: "orders",
    deadLetterTopic: "orders-failed",
    retry: { policy: "constant", durationMs: 100, maxRetries: 2 },
  },
];

export default {
  async fetch(request) {
    const id = new URL(request.url).pathname.split("/").at(-1);
    if (request.method === "GET") {
      const order = await state().get(id);
      return order === null ? new Response("no such order\n", { status: 404 }) : order;
    }
    const order = { id, ...(await request.json()) };
    await pubsub().publish("orders", order);
    return Response.json({ accepted: id }, { status: 202 });
  },

  // Returning acknowledges the event, throwing asks for another delivery. Deliveries may repeat, so what happens here
  // must be right also the second time: writing the same order under the same key is.
  async message(event) {
    const order = event.data;
    if (!Number.isInteger(order.quantity)) throw new TypeError(`order ${order.id}: quantity is not a whole number`);
    await state().put(order.id, { ...order, status: "confirmed" });
  },
};
