// Encryption in memory. Documents are sealed, so that a change is found out, but they are not those of the host.
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import type { Body, Completion } from "../internal/call.js";
import type { Caller } from "./caller.js";
import { completion } from "./completion.js";
import { failure, type Failure, noComponent, unknownOperation } from "./error.js";
import { allowsIn, refused } from "./grants.js";

/** Components of cryptography: their names, or the names of their keys by component. Where only names are given, every key exists. */
export type FakeCryptography = readonly string[] | Readonly<Record<string, readonly string[]>>;

interface Args {
  component: string;
  key?: string;
  algorithm?: string;
  cipher?: string;
  decryptionKey?: string;
  omitKey?: boolean;
}

/** A document: the name of its key, a line feed, then nonce, tag and sealed data. */
const NONCE = 12;
const TAG = 16;

/** The fake knows no pairs: a decryption key opens what its encryption key sealed. */
export function runCryptography(
  known: FakeCryptography,
  op: string,
  caller: Caller,
  given: Omit<Args, "component"> & { component?: string },
  body: Body,
): Completion {
  const args = { ...given, component: given.component ?? "cryptostore" };
  const data = Buffer.from(body === null ? "" : (body as string));
  switch (op) {
    case "crypto.encrypt":
      return completion({}, encrypt(known, caller, args, data));
    case "crypto.decrypt":
      return completion({}, decrypt(known, caller, args, data));
    default:
      throw unknownOperation(op);
  }
}

function encrypt(known: FakeCryptography, caller: Caller, args: Args, data: Buffer): Buffer {
  const { component, key = "", algorithm = "", cipher = "", omitKey } = args;
  const decryptionKey = args.decryptionKey ? args.decryptionKey : key;
  checkGrant(caller, component, key);
  const keys = keysOf(known, component);
  if (!["A256KW", "AES", "RSA-OAEP-256", "RSA"].includes(algorithm.toUpperCase())) {
    throw failed(`algorithm ${algorithm} is not supported; A256KW and RSA-OAEP-256 are`);
  }
  if (!["", "AES-GCM", "CHACHA20-POLY1305"].includes(cipher.toUpperCase())) {
    throw failed(`cipher ${cipher.toUpperCase()} is not supported; AES-GCM and CHACHA20-POLY1305 are`);
  }
  if (keys?.includes(key) === false) {
    throw failed(`failed to wrap the file key: failed to load key '${key}': it does not exist`);
  }
  const nonce = randomBytes(NONCE);
  const sealing = createCipheriv("aes-256-gcm", secret(component, decryptionKey), nonce);
  const sealed = Buffer.concat([sealing.update(data), sealing.final()]);
  const head = Buffer.from(`${omitKey ? "" : decryptionKey}\n`);
  return Buffer.concat([head, nonce, sealing.getAuthTag(), sealed]);
}

function decrypt(known: FakeCryptography, caller: Caller, args: Args, data: Buffer): Buffer {
  const end = data.indexOf("\n");
  const key = args.key ? args.key : data.subarray(0, Math.max(end, 0)).toString();
  if (key === "") {
    throw failed("document's manifest does not contain a key name, and no key name was provided");
  }
  checkGrant(caller, args.component, key);
  keysOf(known, args.component);
  const rest = data.subarray(end + 1);
  try {
    const opening = createDecipheriv("aes-256-gcm", secret(args.component, key), rest.subarray(0, NONCE));
    opening.setAuthTag(rest.subarray(NONCE, NONCE + TAG));
    return Buffer.concat([opening.update(rest.subarray(NONCE + TAG)), opening.final()]);
  } catch {
    throw failed("failed to validate the document's signature: it was changed, or encrypted with another key");
  }
}

/** The keys of a component; undefined where every name is one. */
function keysOf(known: FakeCryptography, component: string): readonly string[] | undefined {
  const listed = (list: FakeCryptography): list is readonly string[] => Array.isArray(list);
  const names = listed(known) ? known : Object.keys(known);
  if (!names.includes(component)) throw noComponent("NOT_FOUND", `crypto provider ${component}`, names);
  return listed(known) ? undefined : known[component];
}

/** A failure in Dapr's words. */
function failed(reason: string): Failure {
  return failure("ERR_CRYPTO", `failed to perform operation: ${reason}`);
}

function secret(component: string, key: string): Buffer {
  return createHash("sha256").update(`${component}/${key}`).digest();
}

function checkGrant(caller: Caller, component: string, key: string): void {
  const granted = caller.grants === undefined ? ["*", `${component}/*`] : (caller.grants.keys ?? []);
  if (!allowsIn(granted, component, key)) throw refused(caller, "keys", `${component}/${key}`);
}
