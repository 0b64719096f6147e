// Ed25519 and X25519 (Secure Curves in the Web Cryptography API).
import type { Bytes } from "daplet:natives";
import { checkType, dataError, type Family, isBytes, type KeyData, type Steps } from "./family.js";
import { bytesOfMember, checkAlg, checkJwk, type JsonWebKey, toBase64url } from "./jwk.js";
import { bytesFor, checkUsages, makeKey, makePair, type Material, type PairUsages } from "./key.js";
import { runOne } from "./run.js";
import { about, randomBytes } from "./secret.js";
import { firstBits, otherKey } from "./shared.js";

const BITS = 256;

const importJwk = (key: JsonWebKey, curve: string): Promise<Bytes> => {
  if (key.crv !== curve) throw dataError(`crv of the JSON Web Key is ${key.crv}, and must be ${curve}`);
  const x = bytesOfMember(key, "x");
  if (key.d === undefined) return runOne({ call: "okpImport", curve, format: "raw" }, x);
  return runOne({ call: "okpImport", curve, format: "jwk" }, bytesOfMember(key, "d"), x);
};

const exportJwk = async (key: Material, curve: string): Promise<KeyData> => {
  if (key.type === "public") return { kty: "OKP", crv: curve, x: toBase64url(key.bytes), ...about(key) };
  const x = toBase64url(await runOne({ call: "okpPublic", curve }, key.bytes));
  return { kty: "OKP", crv: curve, x, d: toBase64url(key.bytes), ...about(key) };
};

const keySteps = (name: string, use: "sig" | "enc", of: PairUsages): Partial<Steps> => ({
  async generateKey(_, extractable, usages) {
    checkUsages(usages, [...of.public, ...of.private], name);
    const secret = randomBytes(BITS);
    const bytes = { private: secret, public: await runOne({ call: "okpPublic", curve: name }, secret) };
    return makePair({ name }, extractable, usages, of, bytes);
  },
  async importKey(format, data, _, extractable, usages) {
    const type = (isBytes(data) ? format === "pkcs8" : data.d !== undefined) ? "private" : "public";
    checkUsages(usages, of[type], name);
    if (!isBytes(data)) {
      checkJwk(data, { kty: "OKP", use, extractable, usages });
      if (name === "Ed25519") checkAlg(data, ["EdDSA", "Ed25519"]);
    }
    const call = { call: "okpImport", curve: name, format };
    const bytes = await (isBytes(data) ? runOne(call, data) : importJwk(data, name));
    return makeKey(type, { name }, extractable, usages, bytes);
  },
  async exportKey(format, key) {
    if (format === "jwk") return exportJwk(key, name);
    checkType(format, key);
    return runOne({ call: "okpExport", curve: name, format }, key.bytes);
  },
});

const KEYS = { generateKey: [], importKey: [], exportKey: [] } as const;

const ED25519: Family = {
  name: "Ed25519",
  members: { ...KEYS, sign: [], verify: [] },
  steps: {
    ...keySteps("Ed25519", "sig", { public: ["verify"], private: ["sign"] }),
    async sign(_, key, data) {
      return runOne({ call: "okpSign" }, bytesFor(key, "private"), data);
    },
    async verify(_, key, signature, data) {
      return (await runOne({ call: "okpVerify" }, bytesFor(key, "public"), data, signature))[0] === 1;
    },
  },
};

const X25519: Family = {
  name: "X25519",
  members: { ...KEYS, deriveBits: ["public"] },
  steps: {
    ...keySteps("X25519", "enc", { public: [], private: ["deriveKey", "deriveBits"] }),
    async deriveBits(algorithm, key, length) {
      const secret = bytesFor(key, "private");
      return firstBits(await runOne({ call: "okpDerive" }, secret, otherKey(algorithm, key)), length);
    },
  },
};

export const OKP: readonly Family[] = [ED25519, X25519];
