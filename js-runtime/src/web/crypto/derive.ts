// HKDF and PBKDF2 (Web Cryptography API §33, §34).
import type { Bytes } from "daplet:natives";
import { DOMException } from "../exception/exception.js";
import { type Family, isBytes, operationError, type Steps, wrongFormat } from "./family.js";
import { bytesFor, checkUsages, makeKey, type Usage } from "./key.js";
import type { Algorithm, Members } from "./normalize.js";
import { type Call, runOne } from "./run.js";

const USAGES: readonly Usage[] = ["deriveKey", "deriveBits"];

/** Bytes of what is derived. */
const bytesOf = (length: number | null): number => {
  if (length === null) throw operationError("the length is null");
  if (length % 8 !== 0) throw operationError(`the length is ${length}, and must be a multiple of 8`);
  return length / 8;
};

const family = (
  name: string,
  parameters: Members,
  deriveBits: (algorithm: Algorithm, key: Bytes, length: number) => Promise<Bytes>,
): Family => {
  const importKey: Steps["importKey"] = async (format, data, _, extractable, usages) => {
    if (format !== "raw" || !isBytes(data)) throw wrongFormat(format, name);
    checkUsages(usages, USAGES, name);
    if (extractable) throw new DOMException(`a key of ${name} cannot be extractable`, "SyntaxError");
    return makeKey("secret", { name }, false, usages, data);
  };
  return {
    name,
    members: { importKey: [], keyLength: [], deriveBits: parameters },
    steps: {
      importKey,
      keyLength: async () => null,
      deriveBits: async (algorithm, key, length) => deriveBits(algorithm, bytesFor(key, "secret"), bytesOf(length)),
    },
  };
};

const hkdf = ({ hash, salt, info }: Algorithm, key: Bytes, length: number): Promise<Bytes> => {
  const call: Call = { call: "hkdf", hash: hash as string, length };
  return runOne(call, key, salt as Bytes, info as Bytes);
};

const pbkdf2 = ({ hash, salt, iterations }: Algorithm, password: Bytes, length: number): Promise<Bytes> => {
  const call: Call = { call: "pbkdf2", hash: hash as string, iterations: iterations as number, length };
  return runOne(call, password, salt as Bytes);
};

export const DERIVATIONS: readonly Family[] = [
  family("HKDF", ["hash", "info", "salt"], hkdf),
  family("PBKDF2", ["hash", "iterations", "salt"], pbkdf2),
];
