import { secrets } from "@daplet/sdk";
export default { async fetch() {
  const s = secrets();
  return {
    flat: await s.get("api-key"), nested: await s.get("redis:password"), number: await s.get("redis:port"),
    environment: await s.get("FROM_ENV"), missing: await s.get("missing"),
    named: await secrets("secretstore").get("api-key"), values: await s.getValues("api-key"),
  };
} };
