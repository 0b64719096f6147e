import { state } from "@daplet/sdk";
export default { async fetch() {
  const s = state();
  await s.put("b", "before");
  await s.transact([{ put: "a", value: 1 }, { put: "c", value: "before" }, { delete: "b" }, { put: "c", value: "after" }]);
  let code = "ok";
  try { await s.transact([{ put: "a", value: 1, etag: "123456" }]) } catch (e) { code = e.code }
  return { code, a: await s.get("a"), b: await s.get("b"), c: await s.get("c") };
} };
