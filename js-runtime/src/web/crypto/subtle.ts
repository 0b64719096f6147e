// SubtleCrypto (Web Cryptography API §14): its methods convert their arguments, check the key and leave the work to the algorithm.
import { type Bytes, decodeUtf8, encodeUtf8, sameBytes } from "daplet:natives";
import { DOMException } from "../exception/exception.js";
import { bytesOf, enforceRange, install, required, sequence } from "../webidl/webidl.js";
import { algorithmFor, has, stepOf, withKey } from "./families.js";
import { dataError, type Format, isBytes, type KeyData } from "./family.js";
import { type JsonWebKey, jsonWebKey } from "./jwk.js";
import { type CryptoKey, type CryptoKeyPair, isCryptoKey, materialOf, type Usage, USAGES } from "./key.js";
import { copied } from "./normalize.js";

const KEY = Symbol("internal");
const FORMATS: readonly Format[] = ["raw", "pkcs8", "spki", "jwk"];

const keyOf = (value: unknown, what = "key"): CryptoKey => {
  if (!isCryptoKey(value)) throw new TypeError(`${what} must be a CryptoKey`);
  return value;
};

const formatOf = (value: unknown): Format => {
  const format = FORMATS.find((format) => format === `${value as string}`);
  if (format === undefined) throw new TypeError(`${value as string} is no format of keys`);
  return format;
};

const usagesOf = (value: unknown): Usage[] => {
  if (typeof value !== "object" || value === null) throw new TypeError("keyUsages must be a sequence");
  return sequence(value as Iterable<unknown>, (item) => {
    const usage = USAGES.find((usage) => usage === `${item as string}`);
    if (usage === undefined) throw new TypeError(`${item as string} is no usage of keys`);
    return usage;
  });
};

/** A JSON Web Key for the format `jwk`, bytes for the others. */
const keyDataOf = (format: Format, value: unknown): KeyData => {
  if ((format === "jwk") === (bytesOf(value) === undefined)) {
    return format === "jwk" ? jsonWebKey(value) : copied(value, "keyData");
  }
  throw new TypeError(`keyData of the format ${format} must be ${format === "jwk" ? "a JSON Web Key" : "bytes"}`);
};

const lengthOf = (value: unknown): number | null =>
  value === null || value === undefined ? null : enforceRange(value, "length");

/** An ArrayBuffer of just these bytes. */
const bufferOf = (bytes: Bytes): ArrayBuffer =>
  bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;

const exported = async (format: Format, key: CryptoKey): Promise<KeyData> => {
  const material = materialOf(key);
  const step = stepOf(material.algorithm, "exportKey");
  if (!material.extractable) throw new DOMException("the key is not extractable", "InvalidAccessError");
  return step(format, material);
};

const imported = async (
  format: Format,
  data: KeyData,
  type: ReturnType<typeof algorithmFor>,
  extractable: boolean,
  usages: readonly Usage[],
): Promise<CryptoKey> => stepOf(type, "importKey")(format, data, type, extractable, usages);

class SubtleCrypto {
  #brand = true;
  constructor(key: unknown) {
    if (key !== KEY) throw new TypeError("Illegal constructor");
  }

  async encrypt(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
    void this.#brand;
    required(arguments.length, 3, "SubtleCrypto.encrypt");
    const [own, bytes] = [keyOf(key), copied(data, "data")];
    const what = withKey(algorithmFor(algorithm, "encrypt"), own, "encrypt");
    return bufferOf(await stepOf(what, "encrypt")(what, own, bytes));
  }

  async decrypt(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
    void this.#brand;
    required(arguments.length, 3, "SubtleCrypto.decrypt");
    const [own, bytes] = [keyOf(key), copied(data, "data")];
    const what = withKey(algorithmFor(algorithm, "decrypt"), own, "decrypt");
    return bufferOf(await stepOf(what, "decrypt")(what, own, bytes));
  }

  async sign(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
    void this.#brand;
    required(arguments.length, 3, "SubtleCrypto.sign");
    const [own, bytes] = [keyOf(key), copied(data, "data")];
    const what = withKey(algorithmFor(algorithm, "sign"), own, "sign");
    return bufferOf(await stepOf(what, "sign")(what, own, bytes));
  }

  async verify(algorithm: unknown, key: unknown, signature: unknown, data: unknown): Promise<boolean> {
    void this.#brand;
    required(arguments.length, 4, "SubtleCrypto.verify");
    const [own, given, bytes] = [keyOf(key), copied(signature, "signature"), copied(data, "data")];
    const what = withKey(algorithmFor(algorithm, "verify"), own, "verify");
    return stepOf(what, "verify")(what, own, given, bytes);
  }

  async digest(algorithm: unknown, data: unknown): Promise<ArrayBuffer> {
    void this.#brand;
    required(arguments.length, 2, "SubtleCrypto.digest");
    const bytes = copied(data, "data");
    const what = algorithmFor(algorithm, "digest");
    return bufferOf(await stepOf(what, "digest")(what, bytes));
  }

  async generateKey(algorithm: unknown, extractable: unknown, keyUsages: unknown): Promise<CryptoKey | CryptoKeyPair> {
    void this.#brand;
    required(arguments.length, 3, "SubtleCrypto.generateKey");
    const usages = usagesOf(keyUsages);
    const what = algorithmFor(algorithm, "generateKey");
    return stepOf(what, "generateKey")(what, Boolean(extractable), usages);
  }

  async deriveKey(
    algorithm: unknown,
    baseKey: unknown,
    derivedKeyType: unknown,
    extractable: unknown,
    keyUsages: unknown,
  ): Promise<CryptoKey> {
    void this.#brand;
    required(arguments.length, 5, "SubtleCrypto.deriveKey");
    const [own, usages] = [keyOf(baseKey, "baseKey"), usagesOf(keyUsages)];
    const plain = algorithmFor(algorithm, "deriveBits");
    const type = algorithmFor(derivedKeyType, "importKey");
    const sized = algorithmFor(derivedKeyType, "keyLength");
    const what = withKey(plain, own, "deriveKey");
    const length = await stepOf(sized, "keyLength")(sized);
    const secret = await stepOf(what, "deriveBits")(what, own, length);
    return imported("raw", secret, type, Boolean(extractable), usages);
  }

  async deriveBits(algorithm: unknown, baseKey: unknown, length: unknown = null): Promise<ArrayBuffer> {
    void this.#brand;
    required(arguments.length, 2, "SubtleCrypto.deriveBits");
    const [own, bits] = [keyOf(baseKey, "baseKey"), lengthOf(length)];
    const what = withKey(algorithmFor(algorithm, "deriveBits"), own, "deriveBits");
    return bufferOf(await stepOf(what, "deriveBits")(what, own, bits));
  }

  async importKey(
    format: unknown,
    keyData: unknown,
    algorithm: unknown,
    extractable: unknown,
    keyUsages: unknown,
  ): Promise<CryptoKey> {
    void this.#brand;
    required(arguments.length, 5, "SubtleCrypto.importKey");
    const form = formatOf(format);
    const [data, usages] = [keyDataOf(form, keyData), usagesOf(keyUsages)];
    return imported(form, data, algorithmFor(algorithm, "importKey"), Boolean(extractable), usages);
  }

  async exportKey(format: unknown, key: unknown): Promise<ArrayBuffer | JsonWebKey> {
    void this.#brand;
    required(arguments.length, 2, "SubtleCrypto.exportKey");
    const data = await exported(formatOf(format), keyOf(key));
    return isBytes(data) ? bufferOf(data) : data;
  }

  async wrapKey(format: unknown, key: unknown, wrappingKey: unknown, algorithm: unknown): Promise<ArrayBuffer> {
    void this.#brand;
    required(arguments.length, 4, "SubtleCrypto.wrapKey");
    const [form, own, wrapping] = [formatOf(format), keyOf(key), keyOf(wrappingKey, "wrappingKey")];
    const what = withKey(algorithmFor(algorithm, "wrapKey", "encrypt"), wrapping, "wrapKey");
    const data = await exported(form, own);
    const bytes = isBytes(data) ? data : encodeUtf8(JSON.stringify(data));
    return bufferOf(await stepOf(what, has(what, "wrapKey") ? "wrapKey" : "encrypt")(what, wrapping, bytes));
  }

  async unwrapKey(
    format: unknown,
    wrappedKey: unknown,
    unwrappingKey: unknown,
    unwrapAlgorithm: unknown,
    unwrappedKeyAlgorithm: unknown,
    extractable: unknown,
    keyUsages: unknown,
  ): Promise<CryptoKey> {
    void this.#brand;
    required(arguments.length, 7, "SubtleCrypto.unwrapKey");
    const [form, wrapped, own] = [formatOf(format), copied(wrappedKey, "wrappedKey"), keyOf(unwrappingKey)];
    const usages = usagesOf(keyUsages);
    const plain = algorithmFor(unwrapAlgorithm, "unwrapKey", "decrypt");
    const type = algorithmFor(unwrappedKeyAlgorithm, "importKey");
    const what = withKey(plain, own, "unwrapKey");
    const bytes = await stepOf(what, has(what, "unwrapKey") ? "unwrapKey" : "decrypt")(what, own, wrapped);
    return imported(form, form === "jwk" ? parsed(bytes) : bytes, type, Boolean(extractable), usages);
  }

  /** As Workers has it: not in the standard. */
  timingSafeEqual(a: unknown, b: unknown): boolean {
    void this.#brand;
    required(arguments.length, 2, "SubtleCrypto.timingSafeEqual");
    const [one, other] = [bytesOf(a), bytesOf(b)];
    if (one === undefined || other === undefined)
      throw new TypeError("timingSafeEqual compares ArrayBuffers and views");
    if (one.byteLength !== other.byteLength) {
      throw new TypeError(
        `timingSafeEqual needs equal lengths, and has ${one.byteLength} and ${other.byteLength} bytes`,
      );
    }
    return sameBytes(one, other);
  }
}
install("SubtleCrypto", SubtleCrypto, 0);

const parsed = (bytes: Bytes): JsonWebKey => {
  let value: unknown;
  try {
    value = JSON.parse(decodeUtf8(bytes));
  } catch {
    throw dataError("what was unwrapped is no JSON Web Key");
  }
  return jsonWebKey(value);
};

export const subtle = new SubtleCrypto(KEY);
