import { state } from "@daplet/sdk";
export default { async fetch() {
  const s = state(); const keys = Array.from({ length: 50 }, (_, i) => `k${i}`);
  await Promise.all(keys.map((k, i) => s.put(k, i)));
  const values = await Promise.all(keys.map((k) => s.get(k)));
  return { sum: values.reduce((a, b) => a + b, 0) };
} };
