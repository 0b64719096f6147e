// The only way out of the SDK: one operation in, one completion out. Must not know any capability; the caller of
// `install` decides where the operation goes: the guest build (`guest.ts`) or the in-memory double (`testing.ts`).
import { typedError } from "../errors.js";
import { HOST_SYMBOL } from "./abi.js";

/** Bytes that go with an operation: a state value, a message, a request body. */
export type Body = string | ArrayBuffer | Uint8Array | null;

/** What an operation comes back with. */
export interface Completion {
  /** Result fields; their shape depends on the operation, and each capability names its own. */
  head: unknown;
  body: ArrayBuffer;
  /** The body, where the operation was asked for a stream and has one. */
  stream?: ReadableStream;
}

/** Carries out one operation; rejects with an Error that has `code`, `message` and perhaps `details`. */
export type Transport = (op: string, args: object, body?: Body) => Promise<Completion>;

let transport: Transport | undefined;

/**
 * Where the guest keeps its transport for a copy of the SDK that a bundler put into the function's own module. Every import of
 * `@daplet/sdk` that is left to the guest gets a transport by `install`.
 */
const HOST = Symbol.for(HOST_SYMBOL);

function current(): Transport | undefined {
  return transport ?? (globalThis as { [HOST]?: Transport })[HOST];
}

/** Sets where operations go and returns what was set before. */
export function install(next: Transport | undefined): Transport | undefined {
  const previous = transport;
  transport = next;
  return previous;
}

/** Runs one operation and turns its failure into one of the SDK's error classes. */
export async function call(op: string, args: object, body: Body = null): Promise<Completion> {
  const carry = current();
  if (carry === undefined) {
    throw new Error(
      `${op}: no Daplet host here. Inside Daplet this works as it is; in a unit test, ` +
        'call fakeDaplet() from "@daplet/sdk/testing" first',
    );
  }
  try {
    return await carry(op, args, body);
  } catch (error) {
    throw typedError(error);
  }
}
