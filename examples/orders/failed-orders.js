// Keeps the orders that `orders` could not work on: it subscribes to the other function's dead-letter topic.
import { state } from "@daplet/sdk";

export const subscriptions = [{ topic: "orders-failed" }];

export async function GET(request) {
  const order = await state().get(new URL(request.url).pathname.split("/").at(-1));
  return order ?? new Response("no such order\n", { status: 404 });
}

export async function message(event) {
  await state().put(event.data.id, { ...event.data, status: "failed", publishedTo: event.topic });
}
