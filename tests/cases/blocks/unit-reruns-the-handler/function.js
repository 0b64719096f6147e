import { state } from "@daplet/sdk";
let calls = 0;
export default async () => {
  calls++;
  const s = state();
  const runs = await s.update("runs", (n) => (n ?? 0) + 1);
  const seen = await s.transaction(async (tx) => {
    const k = await tx.get("k");
    if (runs % 2 === 1) await s.put("k", runs);
    tx.put("copy", k ?? 0);
    return k;
  });
  return { calls, runs, seen, copy: await s.get("copy") };
};
