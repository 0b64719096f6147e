import { state } from "@daplet/sdk";
export default { async fetch() { const all = []; for (let i = 0; ; i++) { const v = "x".repeat(1 << 20); all.push(v); await state().put("k", v) } } };
