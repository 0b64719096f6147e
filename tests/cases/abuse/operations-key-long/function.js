import { state } from "@daplet/sdk";
export default { async fetch() { await state().put("k".repeat(1 << 20), 1); return "done" } };
