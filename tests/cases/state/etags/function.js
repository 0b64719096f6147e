import { state } from "@daplet/sdk";
export default { async fetch() {
  const s = state(); const seen = [];
  const attempt = async (what) => { try { await what(); seen.push("ok") } catch (e) { seen.push(e.code) } };
  await s.delete("k");
  await attempt(() => s.put("k", 1, { firstWrite: true }));
  await attempt(() => s.put("k", 2, { firstWrite: true }));
  const { etag, value } = await s.getWithEtag("k");
  await attempt(() => s.put("k", 3, { etag }));
  await attempt(() => s.put("k", 4, { etag }));
  await attempt(() => s.delete("k", { etag }));
  return { seen, value, now: await s.get("k") };
} };
