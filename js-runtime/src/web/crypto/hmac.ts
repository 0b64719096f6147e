// Digests and HMAC (Web Cryptography API §31, §32).
import { sameBytes } from "daplet:natives";
import { dataError, type Family, operationError } from "./family.js";
import { bytesFor, checkUsages, makeKey, type Usage } from "./key.js";
import { type Algorithm, HASHES } from "./normalize.js";
import { runOne } from "./run.js";
import { exportSecret, randomBytes, secretBytes } from "./secret.js";

export const DIGESTS: readonly Family[] = HASHES.map((name) => ({
  name,
  members: { digest: [] },
  steps: { digest: (_, data) => runOne({ call: "digest", hash: name }, data) },
}));

const USAGES: readonly Usage[] = ["sign", "verify"];
const alg = (hash: string): string => `HS${hash.slice(4)}`;

/** Bits of a block of the hash function, which is the length of a key unless another is asked for. */
const blockOf = (hash: string): number => (hash === "SHA-1" || hash === "SHA-256" ? 512 : 1024);

/** What an import with a length keeps of the bits. */
const lengthOf = (bits: number, length: number | undefined): number => {
  if (bits === 0) throw dataError("the key is empty");
  if (length === undefined) return bits;
  if (length > bits || length <= bits - 8) throw dataError(`length is ${length}, and the key has ${bits} bits`);
  return length;
};

export const HMAC: Family = {
  name: "HMAC",
  members: {
    generateKey: ["hash", "length?"],
    importKey: ["hash", "length?"],
    exportKey: [],
    keyLength: ["hash", "length?"],
    sign: [],
    verify: [],
  },
  steps: {
    async sign(algorithm, key, data) {
      return runOne({ call: "hmac", hash: algorithm.hash as string }, bytesFor(key, "secret"), data);
    },
    async verify(algorithm, key, signature, data) {
      const code = await runOne({ call: "hmac", hash: algorithm.hash as string }, bytesFor(key, "secret"), data);
      return sameBytes(code, signature);
    },
    async generateKey({ hash, length }: Algorithm, extractable, usages) {
      checkUsages(usages, USAGES, "HMAC");
      const bits = length ?? blockOf(hash as string);
      if (bits === 0) throw operationError("length is 0");
      return makeKey(
        "secret",
        { name: "HMAC", hash: hash as string, length: bits },
        extractable,
        usages,
        randomBytes(bits),
      );
    },
    async importKey(format, data, algorithm, extractable, usages) {
      checkUsages(usages, USAGES, "HMAC");
      const hash = algorithm.hash as string;
      const wanted = { format, use: "sig", extractable, usages, alg: () => alg(hash) };
      const bytes = secretBytes(data, "HMAC", wanted);
      const length = lengthOf(bytes.byteLength * 8, algorithm.length);
      return makeKey("secret", { name: "HMAC", hash, length }, extractable, usages, bytes);
    },
    async exportKey(format, key) {
      return exportSecret(format, key, alg(key.algorithm.hash as string));
    },
    async keyLength({ hash, length }) {
      if (length === 0) throw new TypeError("length is 0");
      return length ?? blockOf(hash as string);
    },
  },
};
