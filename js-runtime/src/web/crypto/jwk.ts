// JSON Web Keys (RFC 7517, RFC 7518 §6): the dictionary, its checks, and base64url.
import { atob, type Bytes, btoa } from "daplet:natives";
import { DOMException } from "../exception/exception.js";
import { dictionary, sequence } from "../webidl/webidl.js";
import type { Usage } from "./key.js";

const TEXTS = ["alg", "crv", "d", "dp", "dq", "e", "k", "kty", "n", "p", "q", "qi", "use", "x", "y"] as const;
export type JsonWebKey = { [T in (typeof TEXTS)[number]]?: string } & {
  ext?: boolean;
  key_ops?: string[];
  oth?: unknown;
};

const data = (message: string): DOMException => new DOMException(message, "DataError");

export const toBase64url = (bytes: Bytes): string => {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return (btoa(binary) as string).replace(/[+/=]/g, (c) => (c === "+" ? "-" : c === "/" ? "_" : ""));
};

/** A member of a key, decoded. */
export const bytesOfMember = (key: JsonWebKey, member: (typeof TEXTS)[number]): Bytes => {
  const text = key[member];
  if (text === undefined) throw data(`the JSON Web Key has no ${member}`);
  const binary = /^[\w-]*$/.test(text) ? atob(text.replace(/[-_]/g, (c) => (c === "-" ? "+" : "/"))) : undefined;
  if (typeof binary !== "string") throw data(`${member} of the JSON Web Key is not base64url`);
  return Uint8Array.from(binary, (c) => c.charCodeAt(0));
};

/** The dictionary, converted as Web IDL says. */
export const jsonWebKey = (value: unknown): JsonWebKey => {
  const given = dictionary(value as Record<string, unknown>, "a JSON Web Key");
  const key: Record<string, unknown> = {};
  for (const name of TEXTS) if (given[name] !== undefined) key[name] = `${given[name] as string}`;
  if (given["ext"] !== undefined) key["ext"] = Boolean(given["ext"]);
  if (given["oth"] !== undefined) key["oth"] = given["oth"];
  if (given["key_ops"] !== undefined) {
    key["key_ops"] = sequence(given["key_ops"] as Iterable<unknown>, (item) => `${item as string}`);
  }
  return key;
};

/** What every key must be to be imported so. `use` is what it must say it is for, if it says so. */
export const checkJwk = (
  key: JsonWebKey,
  { kty, use, extractable, usages }: { kty: string; use?: string; extractable: boolean; usages: readonly Usage[] },
): void => {
  if (key.kty !== kty) throw data(`kty of the JSON Web Key is ${key.kty}, and must be ${kty}`);
  if (usages.length > 0 && use !== undefined && key.use !== undefined && key.use !== use) {
    throw data(`use of the JSON Web Key is ${key.use}, and must be ${use}`);
  }
  const { key_ops: operations } = key;
  if (operations !== undefined) {
    const missing = usages.find((usage) => !operations.includes(usage));
    if (missing !== undefined) throw data(`key_ops of the JSON Web Key lacks ${missing}`);
    if (new Set(operations).size < operations.length) throw data("key_ops of the JSON Web Key repeats itself");
  }
  if (key.ext === false && extractable) throw data("the JSON Web Key is not extractable");
};

/** Refuses another algorithm than those that fit, if the key names one. */
export const checkAlg = (key: JsonWebKey, fitting: readonly string[]): void => {
  if (key.alg !== undefined && !fitting.includes(key.alg)) {
    throw data(`alg of the JSON Web Key is ${key.alg}, and must be ${fitting.join(" or ")}`);
  }
};
