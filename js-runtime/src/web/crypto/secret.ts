// Secret keys: how AES, HMAC and derivations import and export them.
import { type Bytes, random } from "daplet:natives";
import { type Format, isBytes, type KeyData, wrongFormat } from "./family.js";
import { bytesOfMember, checkAlg, checkJwk, type JsonWebKey, toBase64url } from "./jwk.js";
import type { Material, Usage } from "./key.js";

/** The bytes of a secret key in either format; `alg` is the name that a JSON Web Key of so many bytes must have, if it has one. */
export const secretBytes = (
  data: KeyData,
  name: string,
  wanted: {
    format: Format;
    use: string;
    extractable: boolean;
    usages: readonly Usage[];
    alg: (bytes: Bytes) => string;
  },
): Bytes => {
  if (wanted.format !== "raw" && wanted.format !== "jwk") throw wrongFormat(wanted.format, name);
  if (isBytes(data)) return data;
  checkJwk(data, { kty: "oct", ...wanted });
  const bytes = bytesOfMember(data, "k");
  checkAlg(data, [wanted.alg(bytes)]);
  return bytes;
};

export const exportSecret = (format: Format, key: Material, alg: string): KeyData => {
  if (format === "raw") return key.bytes.slice();
  if (format !== "jwk") throw wrongFormat(format, key.algorithm.name);
  return { kty: "oct", k: toBase64url(key.bytes), alg, ...about(key) };
};

/** The members of every JSON Web Key that is exported. */
export const about = (key: Material): JsonWebKey => ({ key_ops: [...key.usages], ext: key.extractable });

export const randomBytes = (bits: number): Bytes => random(Math.ceil(bits / 8));
