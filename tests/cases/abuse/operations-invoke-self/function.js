import { invoke } from "@daplet/sdk";
export default { async fetch() { const r = await invoke("operations-invoke-self", { path: "/" }); return String(r.status) } };
