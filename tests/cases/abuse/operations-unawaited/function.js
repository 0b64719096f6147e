import { state } from "@daplet/sdk";
export default { fetch() { for (let i = 0; i < 100; i++) state().put("k" + i, i); return "done" } };
