// Normalizing an algorithm (Web Cryptography API §18.4): from a name or an object to its members, converted as its dictionary says.
import type { Bytes } from "daplet:natives";
import { DOMException } from "../exception/exception.js";
import { bytesOf, enforceRange } from "../webidl/webidl.js";
import { type CryptoKey, isCryptoKey } from "./key.js";

/** An algorithm with its members. Which it has, the table of its family says. */
export interface Algorithm {
  readonly name: string;
  readonly hash?: string;
  readonly length?: number;
  readonly iv?: Bytes;
  readonly counter?: Bytes;
  readonly additionalData?: Bytes;
  readonly tagLength?: number;
  readonly label?: Bytes;
  readonly saltLength?: number;
  readonly modulusLength?: number;
  readonly publicExponent?: Bytes;
  readonly namedCurve?: string;
  readonly public?: CryptoKey;
  readonly salt?: Bytes;
  readonly info?: Bytes;
  readonly iterations?: number;
}
type Member = keyof Algorithm;

/** The members of a dictionary; those with `?` may be absent. */
export type Members = readonly (Member | `${Member}?`)[];

export const HASHES = ["SHA-1", "SHA-256", "SHA-384", "SHA-512"];

const unsupported = (name: string, what: string): DOMException =>
  new DOMException(`the algorithm ${name} is not supported for ${what}`, "NotSupportedError");

/** A copy: what a function does to its buffer later changes nothing. */
export const copied = (value: unknown, what: string): Bytes => {
  const bytes = bytesOf(value);
  if (bytes === undefined) throw new TypeError(`${what} must be an ArrayBuffer or a view of one`);
  return bytes.slice();
};

const integer =
  (most: number) =>
  (value: unknown, what: string): number => {
    const number = enforceRange(value, what);
    if (number > most) throw new TypeError(`${what} is out of range`);
    return number;
  };

const hashName = (value: unknown): string => {
  const name = nameOf(value);
  const known = HASHES.find((hash) => hash === name.toUpperCase());
  if (known === undefined) throw unsupported(name, "digests");
  return known;
};

const bigInteger = (value: unknown, what: string): Bytes => {
  if (!(value instanceof Uint8Array)) throw new TypeError(`${what} must be a Uint8Array`);
  return copied(value, what);
};

const key = (value: unknown, what: string): CryptoKey => {
  if (!isCryptoKey(value)) throw new TypeError(`${what} must be a CryptoKey`);
  return value;
};

const OCTET = 0xff;
const UNSIGNED_LONG = 0xffff_ffff;
const CONVERTERS: { readonly [M in Member]: (value: unknown, what: string) => Algorithm[M] } = {
  name: (value) => `${value as string}`,
  hash: hashName,
  length: integer(UNSIGNED_LONG),
  iv: copied,
  counter: copied,
  additionalData: copied,
  tagLength: integer(OCTET),
  label: copied,
  saltLength: integer(UNSIGNED_LONG),
  modulusLength: integer(UNSIGNED_LONG),
  publicExponent: bigInteger,
  namedCurve: (value) => `${value as string}`,
  public: key,
  salt: copied,
  info: copied,
  iterations: integer(UNSIGNED_LONG),
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  (typeof value === "object" && value !== null) || typeof value === "function";

const nameOf = (algorithm: unknown): string => {
  if (!isObject(algorithm)) return `${algorithm as string}`;
  const { name } = algorithm;
  if (name === undefined) throw new TypeError("an algorithm needs a name");
  return `${name as string}`;
};

/** `known` finds the members that the algorithm of that name, in capitals, has for this operation. */
export const normalize = (
  algorithm: unknown,
  operation: string,
  known: (name: string) => { readonly name: string; readonly members: Members } | undefined,
): Algorithm => {
  const given = nameOf(algorithm);
  const found = known(given.toUpperCase());
  if (found === undefined) throw unsupported(given, operation);
  const result: Record<string, unknown> = { name: found.name };
  for (const member of found.members) {
    const optional = member.endsWith("?");
    const name = (optional ? member.slice(0, -1) : member) as Member;
    const value = isObject(algorithm) ? algorithm[name] : undefined;
    if (value !== undefined) result[name] = CONVERTERS[name](value, name);
    else if (!optional) throw new TypeError(`${found.name} needs ${name}`);
  }
  return result as unknown as Algorithm;
};
