import { cryptography } from "@daplet/sdk";
const code = (component, keyName) =>
  cryptography(component).encrypt("x", { keyName, algorithm: "AES" }).then(() => "ok", (e) => e.code);
export default { async fetch() {
  const seen = {};
  for (const key of ["customer-a", "bank", "../secrets.json", "cryptostore/bank", "c/bank"]) seen[key] = await code(undefined, key);
  seen.vault = await code("vault", "any");
  return seen;
} };
