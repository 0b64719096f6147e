import { state } from "@daplet/sdk";
export default { async fetch() { let n = 0; for (const k of ["a||b", "a\u0000b", "\ud800", "../x", " ", "\n"]) { try { await state().put(k, 1); n += (await state().get(k)) === 1 ? 1 : 0 } catch { n++ } } return String(n) } };
