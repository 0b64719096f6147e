import { configuration } from "@daplet/sdk";
export default { fetch: () => configuration("consul").get("k").catch((e) => [e.name, e.message]) };
