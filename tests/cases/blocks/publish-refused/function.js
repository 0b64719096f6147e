import { pubsub } from "@daplet/sdk";
const told = (work) => work.then((r) => r?.failed ?? "ok", (e) => `${e.name} ${e.code}: ${e.message}`);
export default async () => [
  await told(pubsub("nowhere").publish("t", 1)),
  await told(pubsub("nowhere").publishMany("t", [{ data: 1 }])),
  await told(pubsub().publish("t", 1, { metadata: { rawPayload: "maybe" } })),
  await told(pubsub().publish("t", 1, { metadata: { ttlInSeconds: "-1" } })),
  await told(pubsub().publish("t", 1, { metadata: { TTLINSECONDS: "soon" } })),
  await told(pubsub().publish("t", 1, { metadata: { ttlInSeconds: "1m" } })),
  await told(pubsub().publish("t", "[]", { contentType: "application/cloudevents+json" })).then((text) => String(text).slice(0, 70)),
  await told(pubsub().publishMany("t", [{ data: "x", contentType: "image/png" }])),
];
