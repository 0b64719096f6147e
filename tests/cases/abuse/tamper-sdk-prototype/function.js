import { state } from "@daplet/sdk";
export default { async fetch() { const p = Object.getPrototypeOf(state()); const first = p.get; p.get = () => "fake"; const seen = await state().get("x"); p.get = first; return String(seen) } };
