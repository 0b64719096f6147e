import { binding, conversation, cryptography, lock, state, workflow } from "@daplet/sdk";
const told = (work) => work.then(() => "ok", (e) => `${e.name} ${e.code}: ${e.message}`);
export default async () => [
  await told(state("nowhere").get("k")), await told(state("nowhere").transaction((tx) => tx.put("k", 1))), await told(lock("nowhere").tryLock("no-component", { expiry: 1 })),
  await told(cryptography("nowhere").encrypt("x", { keyName: "k", algorithm: "AES" })), await told(cryptography().encrypt("x", { keyName: "k", algorithm: "ROT13" })),
  await told(cryptography().encrypt("x", { keyName: "k", algorithm: "RSA", cipher: "none" })), await told(binding("nowhere").invoke("get")),
  await told(workflow().get("x")), await told(conversation("none").converse("hi")),
];
