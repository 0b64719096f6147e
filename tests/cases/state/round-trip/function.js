import { state } from "@daplet/sdk";
export default { async fetch() {
  const s = state();
  const values = { a: { deep: [1, null, "é"] }, b: "", c: 0, d: false, e: "x".repeat(100_000) };
  for (const [k, v] of Object.entries(values)) await s.put(k, v);
  const back = {}; for (const k of Object.keys(values)) back[k] = await s.get(k);
  await s.delete("a");
  return { same: JSON.stringify(back) === JSON.stringify(values), gone: await s.get("a"), never: await s.get("never") };
} };
