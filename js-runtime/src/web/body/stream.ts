// Between whole bodies and streams: the stream of a whole body, the bytes of a stream (Fetch Standard §2.2.4).
//
// The stream of a whole body remembers that body: while nobody has read from the stream, the body is taken without it.
import type { Bytes } from "daplet:natives";
import type { ReadableByteStreamController, UnderlyingByteSource } from "web-streams-polyfill";
import { NativePromise, NativeUint8Array, weakDelete, weakGet, weakSet } from "../../js/primordials.js";
import { utf8 } from "../encoding/encoding.js";
import { isDisturbed, readChunk, seize } from "../streams/read.js";
import { ReadableStream } from "../streams/streams.js";
import { isUint8Array } from "../webidl/webidl.js";
import { bytesOf, type Source } from "./source.js";

/** The bodies of untouched streams. */
const wholes = new WeakMap<ReadableStream, Source>();

export const streamOf = (source: Source): ReadableStream => {
  const from: UnderlyingByteSource & { __proto__: null } = {
    __proto__: null,
    type: "bytes",
    pull(controller: ReadableByteStreamController) {
      const bytes = bytesOf(source);
      if (bytes.byteLength > 0) controller.enqueue(bytes);
      controller.close();
      // A reader that brought a buffer waits for an answer at the end too.
      controller.byobRequest?.respond(0);
    },
  };
  const stream = new ReadableStream(from);
  weakSet(wholes, stream, source);
  return stream;
};

async function* encoded(chunks: AsyncIterable<unknown>): AsyncGenerator {
  for await (const chunk of chunks) yield typeof chunk === "string" ? utf8.encode(chunk) : chunk;
}
/** The stream of an async iterable, whose texts become bytes. */
export const streamOfChunks = (chunks: AsyncIterable<unknown>): ReadableStream => ReadableStream.from(encoded(chunks));

/** Takes the whole body behind a stream that nobody has read from; `undefined` where there is none. */
export const takeWhole = (stream: ReadableStream): Source | undefined => {
  const source = weakGet(wholes, stream);
  if (source === undefined || isDisturbed(stream)) return undefined;
  weakDelete(wholes, stream);
  seize(stream);
  return source;
};

/** The stream of a body that was read before anybody asked for its stream. */
export const spentStream = (): ReadableStream => {
  const stream = streamOf("");
  takeWhole(stream);
  return stream;
};

const joined = (chunks: readonly Bytes[]): Bytes => {
  const all = new NativeUint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
};

/** Reads a stream to its end → what `convert` makes of its bytes. */
export const readAll = <R>(stream: ReadableStream, convert: (bytes: Bytes) => R): Promise<R> =>
  new NativePromise((resolve, reject) => {
    const reader = seize(stream);
    const chunks: Bytes[] = [];
    /** A chunk that is there comes within the call that asks for it: a loop asks, so that the stack does not grow with each. */
    let asking = false;
    let more = true;
    const ask = (): void => {
      if (asking) return;
      asking = true;
      while (more) {
        more = false;
        readChunk(stream, steps);
      }
      asking = false;
    };
    const steps = {
      chunk(chunk: unknown): void {
        if (isUint8Array(chunk)) {
          chunks.push(chunk);
          more = true;
          ask();
          return;
        }
        const error = new TypeError("a chunk of a body must be a Uint8Array");
        reject(error);
        void reader.cancel(error).catch(() => undefined);
      },
      close(): void {
        try {
          resolve(convert(joined(chunks)));
        } catch (error) {
          steps.error(error);
        }
      },
      error: reject,
    };
    ask();
  });
