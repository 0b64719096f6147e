import { secrets } from "@daplet/sdk";
export default { fetch: () => secrets().getBulk() };
