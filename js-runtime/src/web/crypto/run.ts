// Where a call of the crate `daplet-crypto` runs: in the guest, or in the host where that is faster. Both answer the same.
import { type Bytes, crypto } from "daplet:natives";
import { call, isLoading } from "../../js/operations.js";
import { NativeUint8Array, stringify } from "../../js/primordials.js";
import { DOMException } from "../exception/exception.js";

/** A call as crypto/src/call.rs declares it. */
export type Call = { readonly call: string } & Readonly<Record<string, string | number | boolean>>;

/** Calls that only the host has (the feature `compute` of the crate), and PBKDF2: see decision 043. */
const APART: Record<string, true> = {
  __proto__: null as never,
  pbkdf2: true,
  rsaGenerate: true,
  rsaSign: true,
  rsaVerify: true,
  rsaEncrypt: true,
  rsaDecrypt: true,
  ecGenerate: true,
  ecSign: true,
  ecVerify: true,
  ecDerive: true,
  okpSign: true,
  okpVerify: true,
  okpDerive: true,
};
/** From so many bytes on, the host's instructions for AES and SHA make up for the way there. */
const LARGE = 8192;

const concat = (parts: readonly Bytes[]): Bytes => {
  if (parts.length === 1) return parts[0] as Bytes;
  const body = new NativeUint8Array(parts.reduce((length, part) => length + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.byteLength;
  }
  return body;
};

const inHost = async (request: object, body: Bytes): Promise<Bytes[]> => {
  const { head, body: result } = await call("subtle.run", request, body).catch((error: unknown) => {
    throw new DOMException((error as Error).message, "OperationError");
  });
  const { lengths, failed } = head as { lengths: number[]; failed?: [name: string, message: string] };
  if (failed !== undefined) throw new DOMException(failed[1], failed[0]);
  let at = 0;
  return lengths.map((length) => new NativeUint8Array(result, (at += length) - length, length));
};

const inGuest = (request: object, body: Bytes): Bytes[] => {
  const result = crypto(stringify(request) as string, body);
  if (typeof result !== "string") return result;
  const end = result.indexOf(" ");
  throw new DOMException(result.slice(end + 1), result.slice(0, end));
};

/** Runs a call with its byte strings. */
export const run = async (what: Call, ...parts: Bytes[]): Promise<Bytes[]> => {
  const body = concat(parts);
  const request = { call: what, lengths: parts.map((part) => part.byteLength) };
  // While a module is loaded there are no operations. What the guest does not have fails with an error that says so.
  const apart = !isLoading() && (body.byteLength > LARGE || APART[what.call] === true);
  return apart ? inHost(request, body) : inGuest(request, body);
};

/** The same for a call that gives one byte string. */
export const runOne = async (what: Call, ...parts: Bytes[]): Promise<Bytes> => (await run(what, ...parts))[0] as Bytes;
