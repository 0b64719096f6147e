// ECDSA and ECDH (Web Cryptography API §23, §24) on P-256, P-384 and P-521.
import type { Bytes } from "daplet:natives";
import { DOMException } from "../exception/exception.js";
import { checkType, dataError, type Family, isBytes, type KeyData, type Steps } from "./family.js";
import { bytesOfMember, checkAlg, checkJwk, type JsonWebKey, toBase64url } from "./jwk.js";
import { bytesFor, checkUsages, makeKey, makePair, type Material, type PairUsages } from "./key.js";
import { firstBits, otherKey } from "./shared.js";
import { runOne } from "./run.js";
import { about } from "./secret.js";

/** Bytes of a coordinate by the curve, and the algorithm's name in a JSON Web Key. */
const CURVES: Record<string, { size: number; alg: string }> = {
  __proto__: null as never,
  "P-256": { size: 32, alg: "ES256" },
  "P-384": { size: 48, alg: "ES384" },
  "P-521": { size: 66, alg: "ES512" },
};
const UNCOMPRESSED = 4;

const curveOf = (name: string | undefined): { size: number; alg: string } => {
  const curve = CURVES[name as string];
  if (curve === undefined) throw new DOMException(`the curve ${name} is not supported`, "NotSupportedError");
  return curve;
};

const importJwk = (key: JsonWebKey, curve: string): Promise<Bytes> => {
  const { size } = curveOf(curve);
  if (key.crv !== curve) throw dataError(`crv of the JSON Web Key is ${key.crv}, and must be ${curve}`);
  const [x, y] = [bytesOfMember(key, "x"), bytesOfMember(key, "y")];
  if (x.byteLength !== size || y.byteLength !== size) throw dataError("a coordinate has the wrong length");
  const point = Uint8Array.of(UNCOMPRESSED, ...x, ...y);
  if (key.d === undefined) return runOne({ call: "ecImport", curve, format: "raw" }, point);
  return runOne({ call: "ecImport", curve, format: "jwk" }, bytesOfMember(key, "d"), point);
};

const exportJwk = async (key: Material, curve: string): Promise<KeyData> => {
  const { size } = curveOf(curve);
  const isPrivate = key.type === "private";
  const point = isPrivate ? await runOne({ call: "ecPublic", curve }, key.bytes) : key.bytes;
  const [x, y] = [point.subarray(1, size + 1), point.subarray(size + 1)];
  const d = isPrivate ? { d: toBase64url(key.bytes) } : {};
  return { kty: "EC", crv: curve, x: toBase64url(x), y: toBase64url(y), ...d, ...about(key) };
};

const keySteps = (name: string, use: "sig" | "enc", of: PairUsages): Partial<Steps> => ({
  async generateKey({ namedCurve }, extractable, usages) {
    checkUsages(usages, [...of.public, ...of.private], name);
    curveOf(namedCurve);
    const curve = namedCurve as string;
    const secret = await runOne({ call: "ecGenerate", curve });
    const bytes = { private: secret, public: await runOne({ call: "ecPublic", curve }, secret) };
    return makePair({ name, namedCurve: curve }, extractable, usages, of, bytes);
  },
  async importKey(format, data, { namedCurve }, extractable, usages) {
    const type = (isBytes(data) ? format === "pkcs8" : data.d !== undefined) ? "private" : "public";
    checkUsages(usages, of[type], name);
    const { alg } = curveOf(namedCurve);
    const curve = namedCurve as string;
    if (!isBytes(data)) {
      checkJwk(data, { kty: "EC", use, extractable, usages });
      if (name === "ECDSA") checkAlg(data, [alg]);
    }
    const bytes = await (isBytes(data) ? runOne({ call: "ecImport", curve, format }, data) : importJwk(data, curve));
    return makeKey(type, { name, namedCurve: curve }, extractable, usages, bytes);
  },
  async exportKey(format, key) {
    const curve = key.algorithm.namedCurve as string;
    if (format === "jwk") return exportJwk(key, curve);
    checkType(format, key);
    return runOne({ call: "ecExport", curve, format }, key.bytes);
  },
});

const KEYS = { generateKey: ["namedCurve"], importKey: ["namedCurve"], exportKey: [] } as const;

const ECDSA: Family = {
  name: "ECDSA",
  members: { ...KEYS, sign: ["hash"], verify: ["hash"] },
  steps: {
    ...keySteps("ECDSA", "sig", { public: ["verify"], private: ["sign"] }),
    async sign({ hash, namedCurve }, key, data) {
      const call = { call: "ecSign", curve: namedCurve as string, hash: hash as string };
      return runOne(call, bytesFor(key, "private"), data);
    },
    async verify({ hash, namedCurve }, key, signature, data) {
      const call = { call: "ecVerify", curve: namedCurve as string, hash: hash as string };
      return (await runOne(call, bytesFor(key, "public"), data, signature))[0] === 1;
    },
  },
};

const ECDH: Family = {
  name: "ECDH",
  members: { ...KEYS, deriveBits: ["public"] },
  steps: {
    ...keySteps("ECDH", "enc", { public: [], private: ["deriveKey", "deriveBits"] }),
    async deriveBits(algorithm, key, length) {
      const secret = bytesFor(key, "private");
      const call = { call: "ecDerive", curve: algorithm.namedCurve as string };
      return firstBits(await runOne(call, secret, otherKey(algorithm, key)), length);
    },
  },
};

export const EC: readonly Family[] = [ECDSA, ECDH];
