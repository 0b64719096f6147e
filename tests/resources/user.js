// Names the components of this folder in every way that a function can.
import { actor, Actor, binding, cryptography, pubsub, secrets, state } from "@daplet/sdk";

export const subscriptions = [
  { pubsub: "events", topic: "placed" },
  { pubsub: "events", topic: "hidden" },
  { pubsub: "news", topic: "placed" },
  { pubsub: "pubsub", topic: "placed" },
];
export const bindings = ["ticks"];

export class Counter extends Actor {
  async increment() {
    const n = ((await this.state.get("n")) ?? 0) + 1;
    this.state.set("n", n);
    return n;
  }
}

const heard = (key, what) => state("carts").update(key, (list) => [...(list ?? []), what], { retries: 100 });
const failure = (work) => work().then(String, (e) => [e.name, e.code]);

export default {
  async fetch(request) {
    switch (new URL(request.url).pathname) {
      case "/heard":
        return { events: (await state("carts").get("heard")) ?? [], ticks: await state("carts").get("ticks") };
      case "/actor":
        return actor("Counter", "a").increment();
      case "/publish":
        await pubsub("events").publish("placed", "by publish");
        await pubsub("news").publish("placed", "no event of events");
        return state("orders").transaction(async (tx) => {
          tx.put("sent", (await tx.get("sent")) ?? 1);
          tx.publish("placed", "by transaction", { pubsub: "events" });
        });
      case "/unpublishable":
        return failure(() => state("orders").transaction(async (tx) => {
          tx.put("lost", 1);
          tx.publish("paid", 1, { pubsub: "events" });
        }));
    }
    await state("orders").put("k", "orders");
    await state("carts").put("k", "carts");
    const document = await cryptography("vault").encrypt("text", { keyName: "aes", algorithm: "AES" });
    const sent = (await binding("mail").invoke("post", { n: 1 })).json();
    return {
      // The code of a store that there is not is Dapr's with a sidecar only.
      state: [await state("orders").get("k"), await state("carts").get("k"), (await failure(() => state().get("k")))[0]],
      pubsub: [await failure(() => pubsub("events").publish("paid", 1)), await failure(() => pubsub().publish("placed", 1))],
      secrets: [
        await secrets("files").get("mail.token"),
        await secrets("several").getValues("mail"),
        await secrets("variables").get("WORD"),
        await failure(() => secrets("files").get("plain")),
      ],
      cryptography: new TextDecoder().decode(await cryptography("vault").decrypt(document)),
      binding: [sent.method, sent.headers["x-token"], sent.body],
    };
  },
  message: (event) => heard("heard", [event.pubsubname, event.topic, event.data]),
  binding: (event) => heard("ticks", event.name),
};
