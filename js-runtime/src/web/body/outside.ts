// Bodies whose bytes are in the host: a request's that is long, an answer's of an operation. They are read chunk by chunk, and one that
// nobody has read from is passed on by its number alone.
import type { ReadableByteStreamController, UnderlyingByteSource } from "web-streams-polyfill";
import { call, type Completion, makeStreamsBy } from "../../js/operations.js";
import { apply, NativeUint8Array, then, weakDelete, weakGet, weakSet } from "../../js/primordials.js";
import { isDisturbed, seize } from "../streams/read.js";
import { ReadableStream } from "../streams/streams.js";

/** The numbers of streams whose bytes are in the host. */
const numbers = new WeakMap<ReadableStream, number>();

/** The stream of the body that the host has under this number. Nothing is asked of it before somebody reads. */
export const streamFrom = (number: number): ReadableStream => {
  const source: UnderlyingByteSource & { __proto__: null } = {
    __proto__: null,
    type: "bytes",
    pull(controller: ReadableByteStreamController) {
      const read = ({ head, body }: Completion): void => {
        if (!(head as { done: boolean }).done) {
          controller.enqueue(new NativeUint8Array(body));
          return;
        }
        controller.close();
        // A reader that brought a buffer waits for an answer at the end too.
        controller.byobRequest?.respond(0);
      };
      return apply(then, call("body.read", { body: number }), [
        read as (value: unknown) => void,
        rethrow,
      ]) as Promise<void>;
    },
    cancel() {
      return apply(then, call("body.cancel", { body: number }), [nothing, nothing]) as Promise<void>;
    },
  };
  const stream = new ReadableStream(source);
  weakSet(numbers, stream, number);
  return stream;
};

makeStreamsBy(streamFrom);

const nothing = (): void => undefined;
const rethrow = (error: unknown): never => {
  throw error;
};

/** Takes the number of a stream whose bytes are in the host, if nobody has read from it; `undefined` where there is none. */
export const takeNumber = (stream: ReadableStream): number | undefined => {
  const number = weakGet(numbers, stream);
  if (number === undefined || isDisturbed(stream)) return undefined;
  weakDelete(numbers, stream);
  seize(stream);
  return number;
};
