// Encryption in memory. Documents are sealed, so that a change is found out, but they are not those of the host.
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import type { Body, Completion } from "../internal/call.js";
import { failure } from "./error.js";
import { allowsIn, type Caller, refused } from "./grants.js";
import { completion } from "./state.js";

interface Args {
  component: string;
  key?: string;
  decryptionKey?: string;
  omitKey?: boolean;
}

const NONCE = 12;
const TAG = 16;

/** Every name is a key of its component; a decryption key opens what its encryption key sealed, for the fake knows no pairs. */
export function runCryptography(
  known: readonly string[],
  op: string,
  caller: Caller,
  given: Omit<Args, "component"> & { component?: string },
  body: Body,
): Completion {
  const args = { ...given, component: given.component ?? "cryptostore" };
  if (!known.includes(args.component)) {
    const message = `cryptography: there is no component "${args.component}". Known: ${known.join(", ")}`;
    throw failure("NOT_FOUND", message);
  }
  const data = Buffer.from(body === null ? "" : (body as string));
  switch (op) {
    case "crypto.encrypt":
      return completion({}, encrypt(caller, args, data));
    case "crypto.decrypt":
      return completion({}, decrypt(caller, args, data));
    default:
      throw failure("UNKNOWN_OPERATION", `no capability serves "${op}"`);
  }
}

function encrypt(caller: Caller, { component, key = "", decryptionKey = key, omitKey }: Args, data: Buffer): Buffer {
  checkKey(caller, component, key);
  const head = Buffer.from(`${omitKey ? "" : decryptionKey}\n`);
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv("aes-256-gcm", secret(component, decryptionKey), nonce);
  const sealed = Buffer.concat([cipher.update(data), cipher.final()]);
  return Buffer.concat([head, nonce, cipher.getAuthTag(), sealed]);
}

function decrypt(caller: Caller, args: Args, data: Buffer): Buffer {
  const end = data.indexOf("\n");
  const key = args.key ?? data.subarray(0, Math.max(end, 0)).toString();
  if (key === "") throw failure("ERR_CRYPTO", "cryptography: the document names no key, and none was given");
  checkKey(caller, args.component, key);
  const rest = data.subarray(end + 1);
  try {
    const cipher = createDecipheriv("aes-256-gcm", secret(args.component, key), rest.subarray(0, NONCE));
    cipher.setAuthTag(rest.subarray(NONCE, NONCE + TAG));
    return Buffer.concat([cipher.update(rest.subarray(NONCE + TAG)), cipher.final()]);
  } catch {
    throw failure("ERR_CRYPTO", "cryptography: the document was changed, or encrypted with another key");
  }
}

function secret(component: string, key: string): Buffer {
  return createHash("sha256").update(`${component}/${key}`).digest();
}

function checkKey(caller: Caller, component: string, key: string): void {
  const granted = caller.grants === undefined ? ["*"] : (caller.grants.keys ?? []);
  if (!allowsIn(granted, component, key)) throw refused(caller, "keys", `${component}/${key}`);
}
