import { state } from "@daplet/sdk";
export default async () => {
  const s = state();
  const runs = await s.update("runs", (n) => (n ?? 0) + 1);
  const failed = await s.transaction(async (tx) => {
    await tx.get("k");
    await s.put("k", runs);
    tx.put("k", "mine");
  }).catch(({ name, code, message, details }) => ({ name, code, message: message.split(" reruns")[0], reruns: details.reruns, of: [details.store, details.key] }));
  return { runs, failed };
};
