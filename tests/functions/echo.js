import { state } from "@daplet/sdk";
export const subscriptions = [{ topic: "greetings" }];
const keep = async (data) => { await state().update("received", (list) => [...(list ?? []), data], { retries: 100 }) };
export default {
  async fetch(request) {
    const { pathname, search } = new URL(request.url);
    if (pathname.endsWith("/received")) return { received: (await state().get("received")) ?? [] };
    const text = await request.text();
    return { method: request.method, path: pathname + search, mine: request.headers.get("x-mine"),
             caller: request.headers.get("dapr-callee-app-id"), body: text ? JSON.parse(text) : null };
  },
  message: (event) => keep(event.data),
};
