// What the two ways to agree on a secret share: ECDH and X25519.
import type { Bytes } from "daplet:natives";
import { DOMException } from "../exception/exception.js";
import { operationError } from "./family.js";
import { bytesFor, type CryptoKey, materialOf } from "./key.js";
import type { Algorithm } from "./normalize.js";

/** The bytes of the other side's public key, which must be one for the same algorithm and curve. */
export const otherKey = (algorithm: Algorithm, key: CryptoKey): Bytes => {
  const other = algorithm.public as CryptoKey;
  const [own, its] = [materialOf(key).algorithm, materialOf(other).algorithm];
  if (own.name !== its.name || own.namedCurve !== its.namedCurve) {
    throw new DOMException("the public key is of another algorithm or curve", "InvalidAccessError");
  }
  return bytesFor(other, "public");
};

/** The first bits of a secret; all of them for null. */
export const firstBits = (secret: Bytes, length: number | null): Bytes => {
  if (length === null) return secret;
  if (length > secret.byteLength * 8) {
    throw operationError(`${length} bits were asked for, and the secret has ${secret.byteLength * 8}`);
  }
  const bits = secret.slice(0, Math.ceil(length / 8));
  const last = bits.byteLength - 1;
  // Bits beyond the length are zero.
  if (length % 8 !== 0) bits[last] = (bits[last] as number) & (0xff00 >> (length % 8));
  return bits;
};
