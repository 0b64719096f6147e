// What is invoked, and who listens.
import { state } from "@daplet/sdk";
export const subscriptions = ["heard"];
export default {
  async fetch(request) {
    const { pathname, search } = new URL(request.url);
    switch (pathname) {
      case "/heard": return (await state().get("heard")) ?? [];
      case "/conflict": return new Response("taken", { status: 409 });
      case "/missing": return new Response("no", { status: 404 });
    }
    return { method: request.method, path: pathname + search, body: await request.text() };
  },
  message: async (event) => { await state().update("heard", (list) => [...(list ?? []), event.data], { retries: 100 }) },
};
