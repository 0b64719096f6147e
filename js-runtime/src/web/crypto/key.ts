// CryptoKey (Web Cryptography API §13).
import type { Bytes } from "daplet:natives";
import { DOMException } from "../exception/exception.js";
import { install } from "../webidl/webidl.js";

export const USAGES = [
  "encrypt",
  "decrypt",
  "sign",
  "verify",
  "deriveKey",
  "deriveBits",
  "wrapKey",
  "unwrapKey",
] as const;
export type Usage = (typeof USAGES)[number];
export type KeyType = "secret" | "public" | "private";

/** The algorithm of a key. What a function is shown is a copy. */
export interface KeyAlgorithm {
  readonly name: string;
  /** Of AES and HMAC, bits. */
  readonly length?: number;
  /** Of HMAC and RSA. */
  readonly hash?: string;
  /** Of RSA, bits. */
  readonly modulusLength?: number;
  readonly publicExponent?: Bytes;
  /** Of ECDSA and ECDH. */
  readonly namedCurve?: string;
}

export interface Material {
  readonly type: KeyType;
  readonly algorithm: KeyAlgorithm;
  readonly extractable: boolean;
  readonly usages: readonly Usage[];
  /** The key as crypto/src/lib.rs says. */
  readonly bytes: Bytes;
}

/** Only the platform makes keys. */
const KEY = Symbol("internal");

export let isCryptoKey: (value: unknown) => value is CryptoKey;
/** What is in the key; whatever a function does to the objects that it was shown changes nothing here. */
export let materialOf: (key: CryptoKey) => Material;

const shown = ({ hash, publicExponent, ...rest }: KeyAlgorithm): object => ({
  ...rest,
  ...(publicExponent && { publicExponent: publicExponent.slice() }),
  ...(hash !== undefined && { hash: { name: hash } }),
});

export class CryptoKey {
  readonly #material: Material;
  #algorithm: object | undefined;
  #usages: Usage[] | undefined;
  constructor(key: unknown, material: Material) {
    if (key !== KEY) throw new TypeError("Illegal constructor");
    this.#material = material;
  }
  get type(): KeyType {
    return this.#material.type;
  }
  get extractable(): boolean {
    return this.#material.extractable;
  }
  get algorithm(): object {
    return (this.#algorithm ??= shown(this.#material.algorithm));
  }
  get usages(): Usage[] {
    return (this.#usages ??= [...this.#material.usages]);
  }
  static {
    isCryptoKey = (value): value is CryptoKey => typeof value === "object" && value !== null && #material in value;
    materialOf = (key) => key.#material;
  }
}
install("CryptoKey", CryptoKey, 0);

/** For `structuredClone`: another object with the same key. */
export const copyOfKey = (key: CryptoKey): CryptoKey => new CryptoKey(KEY, materialOf(key));

export interface CryptoKeyPair {
  publicKey: CryptoKey;
  privateKey: CryptoKey;
}

/** Usages in the standard's order, each once. */
const ordered = (usages: readonly Usage[], among: readonly Usage[] = USAGES): Usage[] =>
  USAGES.filter((usage) => usages.includes(usage) && among.includes(usage));

export const makeKey = (
  type: KeyType,
  algorithm: KeyAlgorithm,
  extractable: boolean,
  usages: readonly Usage[],
  bytes: Bytes,
): CryptoKey => {
  if (type !== "public" && usages.length === 0) throw new DOMException(`a ${type} key needs usages`, "SyntaxError");
  return new CryptoKey(KEY, { type, algorithm, extractable, usages: ordered(usages), bytes });
};

/** The usages of each half of a pair. */
export interface PairUsages {
  readonly public: readonly Usage[];
  readonly private: readonly Usage[];
}

export const makePair = (
  algorithm: KeyAlgorithm,
  extractable: boolean,
  usages: readonly Usage[],
  of: PairUsages,
  bytes: { public: Bytes; private: Bytes },
): CryptoKeyPair => ({
  publicKey: makeKey("public", algorithm, true, ordered(usages, of.public), bytes.public),
  privateKey: makeKey("private", algorithm, extractable, ordered(usages, of.private), bytes.private),
});

/** Refuses usages that an algorithm's key cannot have. */
export const checkUsages = (usages: readonly Usage[], allowed: readonly Usage[], name: string): void => {
  const wrong = usages.find((usage) => !allowed.includes(usage));
  if (wrong !== undefined) throw new DOMException(`this key of ${name} cannot have the usage ${wrong}`, "SyntaxError");
};

/** The key's bytes, if it is of that type. */
export const bytesFor = (key: CryptoKey, type: KeyType): Bytes => {
  const { type: actual, bytes } = materialOf(key);
  if (actual !== type)
    throw new DOMException(`a ${type} key is needed, and this is a ${actual} key`, "InvalidAccessError");
  return bytes;
};
