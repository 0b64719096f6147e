import { secrets } from "@daplet/sdk";
export default { fetch: () => secrets("vault").get("api-key").catch((e) => [e.name, e.code, e.message]) };
