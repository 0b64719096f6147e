import { configuration } from "@daplet/sdk";
export default { async fetch() {
  const c = configuration();
  const [key] = Object.keys(await c.get("refused.open"));
  return [key, Object.keys(await c.get()), await c.get("refused.open", "refused.closed").catch((e) => [e.name, e.message])];
} };
