import { secrets } from "@daplet/sdk";
export default { fetch() {
  const told = (e) => [e.name, e.message];
  return Promise.all([
    secrets().get("api-key").catch(told), secrets().getBulk().catch(told), secrets("vault").get("api-key").catch(told),
  ]);
} };
