// AES (Web Cryptography API §27 to §30): CBC, CTR, GCM and KW.
import type { Bytes } from "daplet:natives";
import { dataError, type Family, operationError, type Steps } from "./family.js";
import { bytesFor, checkUsages, makeKey, type Usage } from "./key.js";
import type { Algorithm, Members } from "./normalize.js";
import { type Call, runOne } from "./run.js";
import { exportSecret, randomBytes, secretBytes } from "./secret.js";

const LENGTHS = [128, 192, 256];
/** Bits that a tag of GCM may have. */
const TAGS = [32, 64, 96, 104, 112, 120, 128];

type Direction = "encrypt" | "decrypt";
/** The call, and what stands between the key and the data. */
type Prepare = (algorithm: Algorithm, direction: Direction) => [Call, ...Bytes[]];

const block = (bytes: Bytes | undefined, what: string): Bytes => {
  if (bytes?.byteLength !== 16) throw operationError(`${what} must have 16 bytes`);
  return bytes;
};

const PREPARE: Record<string, Prepare> = {
  "AES-CBC": ({ iv }, direction) => [{ call: "aesCbc", direction }, block(iv, "iv")],
  "AES-CTR": ({ counter, length = 0 }) => {
    if (length < 1 || length > 128) throw operationError(`length is ${length}, and must be from 1 to 128`);
    return [{ call: "aesCtr", length }, block(counter, "counter")];
  },
  "AES-GCM": ({ iv, additionalData, tagLength = 128 }, direction) => {
    if (!TAGS.includes(tagLength))
      throw operationError(`tagLength is ${tagLength}, and must be one of ${TAGS.join(", ")}`);
    const call = { call: "aesGcm", direction, length: tagLength / 8 };
    return [call, iv as Bytes, additionalData ?? new Uint8Array(0)];
  },
  "AES-KW": (_, direction) => [{ call: "aesKw", direction }],
};

const cipher =
  (direction: Direction): Steps["encrypt"] =>
  async (algorithm, key, data) => {
    const [call, ...between] = (PREPARE[algorithm.name] as Prepare)(algorithm, direction);
    return runOne(call, bytesFor(key, "secret"), ...between, data);
  };

const alg = (name: string, bytes: Bytes): string => `A${bytes.byteLength * 8}${name.slice(4)}`;

const family = (name: string, operations: readonly ("encrypt" | "wrapKey")[], parameters: Members): Family => {
  const ciphers: readonly (keyof Steps & Usage)[] = operations.flatMap((operation) =>
    operation === "encrypt" ? (["encrypt", "decrypt"] as const) : (["wrapKey", "unwrapKey"] as const),
  );
  const usages: Usage[] = [...new Set<Usage>([...ciphers, "wrapKey", "unwrapKey"])];
  return {
    name,
    members: {
      generateKey: ["length"],
      importKey: [],
      exportKey: [],
      keyLength: ["length"],
      ...Object.fromEntries(ciphers.map((operation) => [operation, parameters])),
    },
    steps: {
      encrypt: cipher("encrypt"),
      decrypt: cipher("decrypt"),
      wrapKey: cipher("encrypt"),
      unwrapKey: cipher("decrypt"),
      async generateKey({ length = 0 }, extractable, wanted) {
        checkUsages(wanted, usages, name);
        if (!LENGTHS.includes(length))
          throw operationError(`length is ${length}, and must be one of ${LENGTHS.join(", ")}`);
        return makeKey("secret", { name, length }, extractable, wanted, randomBytes(length));
      },
      async importKey(format, data, _, extractable, wanted) {
        checkUsages(wanted, usages, name);
        const bytes = secretBytes(data, name, {
          format,
          use: "enc",
          extractable,
          usages: wanted,
          alg: (key) => alg(name, key),
        });
        const length = bytes.byteLength * 8;
        if (!LENGTHS.includes(length))
          throw dataError(`the key has ${length} bits, and must have ${LENGTHS.join(", ")}`);
        return makeKey("secret", { name, length }, extractable, wanted, bytes);
      },
      async exportKey(format, key) {
        return exportSecret(format, key, alg(name, key.bytes));
      },
      async keyLength({ length = 0 }) {
        if (!LENGTHS.includes(length))
          throw operationError(`length is ${length}, and must be one of ${LENGTHS.join(", ")}`);
        return length;
      },
    },
  };
};

export const AES: readonly Family[] = [
  family("AES-CBC", ["encrypt"], ["iv"]),
  family("AES-CTR", ["encrypt"], ["counter", "length"]),
  family("AES-GCM", ["encrypt"], ["iv", "additionalData?", "tagLength?"]),
  family("AES-KW", ["wrapKey"], []),
];
