import { state } from "@daplet/sdk";
export default { async fetch() {
  const s = state(); const seen = [];
  const attempt = async (what) => { try { await what(); seen.push("ok") } catch (e) { seen.push(e.code) } };
  await attempt(() => s.put("k", "plain"));
  await attempt(() => s.put("k", "first", { firstWrite: true }));
  await attempt(() => s.delete("k"));
  await attempt(() => s.put("k", "first", { firstWrite: true }));
  await attempt(() => s.put("k", "over it"));
  await attempt(() => s.put("k", "first", { firstWrite: true }));
  await attempt(() => s.put("k", "last"));
  return { seen, value: await s.get("k") };
} };
