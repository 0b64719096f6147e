import { state } from "@daplet/sdk";
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
export async function POST(request, env, ctx) {
  let runs = 0;
  ctx.waitUntil((async () => {
    await pause(20);
    await state().transaction(async (tx) => {
      await tx.get("k");
      if (++runs === 1) await state().put("k", 1);
      tx.put("runs", runs);
    });
  })());
  return "accepted";
}
export async function GET() {
  for (let i = 0; i < 100; i++) {
    const runs = await state().get("runs");
    if (runs !== null) return { runs };
    await pause(10);
  }
  return "nothing was committed";
}
