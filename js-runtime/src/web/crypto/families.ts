// Every algorithm by its name in capitals, and what an operation does with one.
import { DOMException } from "../exception/exception.js";
import { AES } from "./aes.js";
import { DERIVATIONS } from "./derive.js";
import { EC } from "./ec.js";
import type { Family, Operation, Steps } from "./family.js";
import { DIGESTS, HMAC } from "./hmac.js";
import { type CryptoKey, materialOf, type Usage } from "./key.js";
import { type Algorithm, normalize } from "./normalize.js";
import { OKP } from "./okp.js";
import { RSA } from "./rsa.js";

const FAMILIES = new Map<string, Family>(
  [...DIGESTS, HMAC, ...AES, ...DERIVATIONS, ...RSA, ...EC, ...OKP].map((family) => [
    family.name.toUpperCase(),
    family,
  ]),
);

export const has = (algorithm: Algorithm, operation: Operation): boolean =>
  FAMILIES.get(algorithm.name.toUpperCase())?.members[operation] !== undefined;

/** The algorithm, normalized for an operation; `instead` is the operation to try where it has not the first. */
export const algorithmFor = (algorithm: unknown, operation: Operation, instead?: Operation): Algorithm =>
  normalize(algorithm, operation, (name) => {
    const family = FAMILIES.get(name);
    const members = family?.members[operation] ?? (instead && family?.members[instead]);
    return members && { name: (family as Family).name, members };
  });

/** What an algorithm does for an operation that it has. */
export const stepOf = <O extends Operation>({ name }: { readonly name: string }, operation: O): Steps[O] => {
  const family = FAMILIES.get(name.toUpperCase());
  const step = family?.members[operation] && family.steps[operation];
  if (step === undefined) throw new DOMException(`${name} has no ${operation}`, "NotSupportedError");
  return step;
};

/** The algorithm with what the key says of itself, once the key is one that may be used so. */
export const withKey = (algorithm: Algorithm, key: CryptoKey, usage: Usage): Algorithm => {
  const { algorithm: own, usages } = materialOf(key);
  if (own.name !== algorithm.name) {
    throw new DOMException(`the key is for ${own.name}, not for ${algorithm.name}`, "InvalidAccessError");
  }
  if (!usages.includes(usage)) throw new DOMException(`the key has not the usage ${usage}`, "InvalidAccessError");
  return { ...own, ...algorithm };
};
