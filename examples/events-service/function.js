// Records events that other functions report, and lists the latest.
import { state } from "@daplet/sdk";

const KEEP = 100;

export async function POST(request, _env, ctx) {
  const event = await request.json().catch(() => null);
  if (typeof event?.kind !== "string") {
    return Response.json({ error: "an event is a JSON object with a string `kind`" }, { status: 400 });
  }
  const recorded = { ...event, id: ctx.requestId, time: new Date().toISOString() };
  await state().update("events", (events) => [recorded, ...(events ?? [])].slice(0, KEEP), { retries: 100 });
  return Response.json(recorded, { status: 201 });
}

export async function GET(request) {
  const kind = new URL(request.url).searchParams.get("kind");
  const events = (await state().get("events")) ?? [];
  return { events: kind === null ? events : events.filter((event) => event.kind === kind) };
}

export async function DELETE() {
  await state().delete("events");
}
