import { state } from "@daplet/sdk";

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export async function POST(request, env, ctx) {
  const { searchParams } = new URL(request.url);
  ctx.waitUntil((async () => {
    await pause(20);
    if (searchParams.has("fails")) throw new Error("in waitUntil");
    await state().put(searchParams.get("key"), 1);
  })());
  if (searchParams.has("late")) await pause(1);
  throw new Error("handler");
}

export async function GET() {
  for (let i = 0; i < 100; i++) {
    const [thrown, rejected] = [await state().get("thrown"), await state().get("rejected")];
    if (thrown !== null && rejected !== null) return { thrown, rejected };
    await pause(10);
  }
  return "it did not go on";
}
