// Server-sent events: what is posted reaches every open stream, and a stream that breaks goes on where it was.
import { state } from "@daplet/sdk";

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function* events(after, count, signal) {
  for (let id = after + 1; id <= after + count && !signal.aborted;) {
    const text = await state().get(`event-${id}`);
    if (text == null) {
      // A comment shows a proxy, and the server, that the stream is alive.
      yield ": waiting\n\n";
      await sleep(500);
      continue;
    }
    yield `id: ${id}\ndata: ${text}\n\n`;
    id++;
  }
}

export default {
  async fetch(request) {
    if (request.method === "POST") {
      const text = await request.text();
      const id = await state().update("last", (last) => (last ?? 0) + 1);
      await state().put(`event-${id}`, text);
      return { id };
    }
    const given = new URL(request.url).searchParams;
    // A browser's EventSource connects again by itself, and says what it has seen.
    const after = Number(request.headers.get("last-event-id") ?? given.get("after") ?? 0);
    const count = Number(given.get("count") ?? Infinity);
    return new Response(events(after, count, request.signal), {
      headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
    });
  },
};
