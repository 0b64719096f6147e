import { cryptography } from "@daplet/sdk";
const names = ["bank", "cryptostore/bank", "../secrets.json", "c/../bank", "cryptostore/../bank", "customer-a"];
export default () =>
  Promise.all(names.map((keyName) => cryptography().encrypt("x", { keyName, algorithm: "AES" }).then(() => "ok", (e) => e.code)));
