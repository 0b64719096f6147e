// RSA (Web Cryptography API §20 to §22): RSASSA-PKCS1-v1_5, RSA-PSS and RSA-OAEP.
import type { Bytes } from "daplet:natives";
import { checkType, dataError, type Family, isBytes, type KeyData, type Steps, wrongFormat } from "./family.js";
import { bytesOfMember, checkAlg, checkJwk, type JsonWebKey, toBase64url } from "./jwk.js";
import { bytesFor, checkUsages, type KeyAlgorithm, makeKey, makePair, type Material, type PairUsages } from "./key.js";
import type { Algorithm } from "./normalize.js";
import { type Call, run, runOne } from "./run.js";
import { about } from "./secret.js";

/** The integers of a JSON Web Key, in the order in which the calls take and give them. */
const PUBLIC = ["n", "e"] as const;
const PRIVATE = [...PUBLIC, "d", "p", "q", "dp", "dq", "qi"] as const;

interface Kind {
  readonly name: string;
  readonly use: "sig" | "enc";
  readonly usages: PairUsages;
  /** The name of the algorithm with a hash function in a JSON Web Key. */
  alg(hash: string): string;
}

const SIGNING: PairUsages = { public: ["verify"], private: ["sign"] };
const ENCRYPTING: PairUsages = { public: ["encrypt", "wrapKey"], private: ["decrypt", "unwrapKey"] };
const KINDS: readonly Kind[] = [
  { name: "RSASSA-PKCS1-v1_5", use: "sig", usages: SIGNING, alg: (hash) => `RS${hash.slice(4)}` },
  { name: "RSA-PSS", use: "sig", usages: SIGNING, alg: (hash) => `PS${hash.slice(4)}` },
  {
    name: "RSA-OAEP",
    use: "enc",
    usages: ENCRYPTING,
    alg: (hash) => (hash === "SHA-1" ? "RSA-OAEP" : `RSA-OAEP-${hash.slice(4)}`),
  },
];

/** Bits of a modulus without leading zeros. */
const bitsOf = (modulus: Bytes): number => modulus.byteLength * 8 - Math.clz32(modulus[0] as number) + 24;

const importJwk = (key: JsonWebKey, isPrivate: boolean): Promise<Bytes[]> => {
  if (key.oth !== undefined) throw dataError("a JSON Web Key with more than two primes is not supported");
  const members = isPrivate ? PRIVATE : PUBLIC;
  return run({ call: "rsaImport", format: "jwk" }, ...members.map((member) => bytesOfMember(key, member)));
};

const importer =
  (kind: Kind): Steps["importKey"] =>
  async (format, data, { hash }, extractable, usages) => {
    if (format === "raw") throw wrongFormat(format, kind.name);
    const isPrivate = isBytes(data) ? format === "pkcs8" : data.d !== undefined;
    const type = isPrivate ? "private" : "public";
    checkUsages(usages, kind.usages[type], kind.name);
    if (!isBytes(data)) {
      checkJwk(data, { kty: "RSA", use: kind.use, extractable, usages });
      checkAlg(data, [kind.alg(hash as string)]);
    }
    const imported = isBytes(data) ? run({ call: "rsaImport", format }, data) : importJwk(data, isPrivate);
    const [bytes, modulus, publicExponent] = (await imported) as [Bytes, Bytes, Bytes];
    const algorithm = { name: kind.name, modulusLength: bitsOf(modulus), publicExponent, hash: hash as string };
    return makeKey(type, algorithm, extractable, usages, bytes);
  };

const exporter =
  (kind: Kind): Steps["exportKey"] =>
  async (format, key) => {
    if (format === "jwk") return exportJwk(kind, key);
    if (format === "raw") throw wrongFormat(format, kind.name);
    checkType(format, key);
    return key.bytes.slice();
  };

const exportJwk = async (kind: Kind, key: Material): Promise<KeyData> => {
  const isPrivate = key.type === "private";
  const integers = await run({ call: "rsaIntegers", private: isPrivate }, key.bytes);
  const names = isPrivate ? PRIVATE : PUBLIC;
  const members = Object.fromEntries(names.map((name, index) => [name, toBase64url(integers[index] as Bytes)]));
  return { kty: "RSA", alg: kind.alg(key.algorithm.hash as string), ...members, ...about(key) };
};

const signing = (algorithm: Algorithm): Call => ({
  call: "",
  scheme: algorithm.name === "RSA-PSS" ? "pss" : "pkcs1",
  hash: algorithm.hash as string,
  salt: algorithm.saltLength ?? 0,
});

const family = (kind: Kind): Family => ({
  name: kind.name,
  members: {
    generateKey: ["modulusLength", "publicExponent", "hash"],
    importKey: ["hash"],
    exportKey: [],
    ...(kind.use === "enc"
      ? { encrypt: ["label?"], decrypt: ["label?"] }
      : kind.name === "RSA-PSS"
        ? { sign: ["saltLength"], verify: ["saltLength"] }
        : { sign: [], verify: [] }),
  },
  steps: {
    importKey: importer(kind),
    exportKey: exporter(kind),
    async generateKey({ modulusLength, publicExponent, hash }, extractable, usages) {
      checkUsages(usages, [...kind.usages.public, ...kind.usages.private], kind.name);
      const call: Call = { call: "rsaGenerate", length: modulusLength as number };
      const secret = await runOne(call, publicExponent as Bytes);
      const bytes = { private: secret, public: await runOne({ call: "rsaPublic" }, secret) };
      const algorithm = { name: kind.name, modulusLength, publicExponent, hash } as KeyAlgorithm;
      return makePair(algorithm, extractable, usages, kind.usages, bytes);
    },
    async sign(algorithm, key, data) {
      return runOne({ ...signing(algorithm), call: "rsaSign" }, bytesFor(key, "private"), data);
    },
    async verify(algorithm, key, signature, data) {
      const call: Call = { ...signing(algorithm), call: "rsaVerify" };
      return (await runOne(call, bytesFor(key, "public"), data, signature))[0] === 1;
    },
    async encrypt({ hash, label }, key, data) {
      const call: Call = { call: "rsaEncrypt", hash: hash as string };
      return runOne(call, bytesFor(key, "public"), label ?? new Uint8Array(0), data);
    },
    async decrypt({ hash, label }, key, data) {
      const call: Call = { call: "rsaDecrypt", hash: hash as string };
      return runOne(call, bytesFor(key, "private"), label ?? new Uint8Array(0), data);
    },
  },
});

export const RSA: readonly Family[] = KINDS.map(family);
