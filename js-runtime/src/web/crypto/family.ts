// What a family of algorithms is: which operations each algorithm has, with their parameters, and what they do.
import type { Bytes } from "daplet:natives";
import { DOMException } from "../exception/exception.js";
import type { JsonWebKey } from "./jwk.js";
import type { CryptoKey, CryptoKeyPair, Material, Usage } from "./key.js";
import type { Algorithm, Members } from "./normalize.js";

export type Format = "raw" | "pkcs8" | "spki" | "jwk";
/** Key material as it was given: bytes, or a JSON Web Key where the format is `jwk`. */
export type KeyData = Bytes | JsonWebKey;

type Cipher = (algorithm: Algorithm, key: CryptoKey, data: Bytes) => Promise<Bytes>;

/** The steps of the standard's operations, each of which an algorithm may lack. */
export interface Steps {
  generateKey(algorithm: Algorithm, extractable: boolean, usages: readonly Usage[]): Promise<CryptoKey | CryptoKeyPair>;
  importKey(
    format: Format,
    data: KeyData,
    algorithm: Algorithm,
    extractable: boolean,
    usages: readonly Usage[],
  ): Promise<CryptoKey>;
  exportKey(format: Format, key: Material): Promise<KeyData>;
  encrypt: Cipher;
  decrypt: Cipher;
  wrapKey: Cipher;
  unwrapKey: Cipher;
  sign: Cipher;
  verify(algorithm: Algorithm, key: CryptoKey, signature: Bytes, data: Bytes): Promise<boolean>;
  digest(algorithm: Algorithm, data: Bytes): Promise<Bytes>;
  deriveBits(algorithm: Algorithm, key: CryptoKey, length: number | null): Promise<Bytes>;
  /** Bits of a key that is derived; null where any number will do. */
  keyLength(algorithm: Algorithm): Promise<number | null>;
}
export type Operation = keyof Steps;

export interface Family {
  readonly name: string;
  /** The parameters of each operation that it has; without an entry it does not have it. */
  readonly members: { readonly [O in Operation]?: Members };
  readonly steps: Partial<Steps>;
}

export const wrongFormat = (format: string, name: string): DOMException =>
  new DOMException(`a key of ${name} has no format ${format}`, "NotSupportedError");

export const operationError = (message: string): DOMException => new DOMException(message, "OperationError");
export const dataError = (message: string): DOMException => new DOMException(message, "DataError");

export const isBytes = (data: KeyData): data is Bytes => data instanceof Uint8Array;

/** Refuses a format that only the other half of a pair has. */
export const checkType = (format: Format, key: Material): void => {
  if (key.type === (format === "pkcs8" ? "private" : "public")) return;
  throw new DOMException(`a ${key.type} key cannot be exported as ${format}`, "InvalidAccessError");
};
