import { jobs, pubsub, state } from "@daplet/sdk";

// A job that there is as long as this function is.
export const schedules = [{ name: "heartbeat", schedule: "@every 1s" }];

// POST /reminders/{name} {"in": "10m", "text": "…"} is reminded of later; GET says what became of it.
export async function POST(request) {
  const name = new URL(request.url).pathname.split("/").at(-1);
  const { in: dueTime, text } = await request.json();
  await jobs().schedule(name, { dueTime, data: text }, { overwrite: true });
  return Response.json({ willRemindOf: text }, { status: 202 });
}

export async function GET(request) {
  const name = new URL(request.url).pathname.split("/").at(-1);
  return (
    (await state().get(`done/${name}`)) ??
    Response.json({ waiting: (await jobs().get(name)) !== null }, { status: 404 })
  );
}

// Called when a job is due, also after a restart; a throw asks for another try.
export async function job(event) {
  if (event.name === "heartbeat") {
    await state().update("done/heartbeat", (beats) => ({ alive: true, beats: (beats?.beats ?? 0) + 1 }));
    return;
  }
  await state().put(`done/${event.name}`, { reminded: event.data });
  await pubsub().publish("reminders", { text: event.data });
}
