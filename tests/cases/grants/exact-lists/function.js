import { invoke, pubsub, state } from "@daplet/sdk";
const of = (promise, part) => promise.then(() => "ok", (e) => e[part]);
export default { async fetch() {
  const s = state(), p = pubsub();
  return {
    get: await of(s.get("k"), "message"),
    put: await of(s.put("k", 1), "code"),
    transact: await of(s.transaction(async (tx) => { await tx.put("k", 1) }), "code"),
    audit: await of(p.publish("audit", 1), "code"),
    orders: await of(p.publish("orders.new", 1), "code"),
    other: await of(p.publish("auditor", 1), "message"),
    many: await of(p.publishMany("auditor", [{ data: 1 }]), "code"),
    app: await of(invoke("daplet").fetch("/x"), "message"),
    granted: await of(invoke("shop").fetch("/x"), "code"),
  };
} };
