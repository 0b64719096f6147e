import { state } from "@daplet/sdk";
export default { async fetch() { await Promise.all(Array.from({ length: 5000 }, (_, i) => state().get("k" + i))); return "done" } };
