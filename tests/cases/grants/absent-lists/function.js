import { invoke, pubsub, state } from "@daplet/sdk";
export default { fetch: () => Promise.all([
  state().put("k", 1).then(() => "ok"),
  pubsub().publish("free", 1).then(() => "ok"),
  invoke("daplet").fetch("/no-such-function").then((r) => r.status),
]) };
