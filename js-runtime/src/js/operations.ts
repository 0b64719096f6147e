// Operations: what a function asks of the host. Each is submitted at once; its promise settles when the host delivers the completion.
import { submit } from "daplet:natives";
import { OperationCode, type OpError } from "./abi.js";
import { frameBody } from "./bytes.js";
import {
  mapDelete,
  mapGet,
  mapSet,
  mapSize,
  NativeArrayBuffer,
  NativeError,
  NativePromise,
  parse,
  stringify,
} from "./primordials.js";

export interface Completion {
  head: unknown;
  body: ArrayBuffer;
}

type Settle = [resolve: (completion: Completion) => void, reject: (error: OperationError) => void];

class OperationError extends NativeError {
  declare readonly code: string;
  declare readonly details?: unknown;

  constructor({ code, message, details }: OpError) {
    super(message);
    this.code = code;
    if (details !== undefined && details !== null) this.details = details;
  }
}
Object.defineProperty(OperationError.prototype, "name", {
  value: "OperationError",
  configurable: true,
  writable: true,
});

let loading = true;
let nextId = 1;
const open = new Map<number, Settle>();

/** From now on operations are submitted: the module's top level has ended. */
export const allowOperations = (): void => {
  loading = false;
};

export const isLoading = (): boolean => loading;

export const openOperations = (): number => mapSize(open);

/** The primitive behind the SDK. Every operation of a function passes here, and then the host's check of its grants. */
export const call = (op: string, args: object, body?: unknown): Promise<Completion> =>
  new NativePromise((resolve, reject) => {
    if (loading) {
      throw new OperationError({
        code: OperationCode.UnavailableDuringLoad,
        message: `${op} is not available while the module is loaded; call it inside a handler`,
      });
    }
    const id = nextId++;
    const head = stringify({ ...args, id, op }) as string;
    mapSet(open, id, [resolve, reject]);
    submit(head, frameBody(body));
  });

/** Delivers a completion. One that nothing waits for is dropped. */
export const resume = (head: string, body: ArrayBuffer | null): void => {
  const { id, ok, error } = parse(head) as { id: number; ok?: unknown; error?: OpError };
  const settle = mapGet(open, id);
  if (settle === undefined) return;
  mapDelete(open, id);
  if (error !== undefined) settle[1](new OperationError(error));
  else settle[0]({ head: ok, body: body ?? new NativeArrayBuffer(0) });
};
