import { pubsub } from "@daplet/sdk";
export default { async fetch() { let n = 0; for (const t of ["", null, {}, 1, "x".repeat(100000)]) { try { await pubsub().publish(t, 1) } catch { n++ } } return String(n >= 4) } };
