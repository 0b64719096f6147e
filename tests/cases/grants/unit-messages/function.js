import { state } from "@daplet/sdk";
const unit = (value, topic) => state().transaction(async (tx) => {
  await tx.put("k", value);
  tx.publish(topic, value);
}).then(() => "ok", (e) => e.code);
export default { async fetch() {
  const s = state();
  return [await unit(1, "secret-channel"), await s.get("k"), await unit(2, "audit"), await s.get("k")];
} };
