// The classes of the Streams Standard, by the library web-streams-polyfill (decision 042).
// Must not know: bodies.
import {
  ByteLengthQueuingStrategy,
  CountQueuingStrategy,
  ReadableByteStreamController,
  ReadableStream,
  ReadableStreamBYOBReader,
  ReadableStreamBYOBRequest,
  ReadableStreamDefaultController,
  ReadableStreamDefaultReader,
  TransformStream,
  TransformStreamDefaultController,
  WritableStream,
  WritableStreamDefaultController,
  WritableStreamDefaultWriter,
} from "web-streams-polyfill";
import { apply, defineProperty, deleteProperty, getPrototypeOf, NativePromise } from "../../js/primordials.js";
import { install } from "../webidl/webidl.js";

export { ReadableStream, TransformStream, WritableStream };

// The library's iterators do not inherit from those of the language (Web IDL §3.7.10.2).
const iterators = getPrototypeOf(new ReadableStream().values()) as object;
const asyncGenerators = getPrototypeOf(async function* () {}) as { prototype: object };
Object.setPrototypeOf(iterators, getPrototypeOf(asyncGenerators.prototype));
deleteProperty(iterators, Symbol.asyncIterator);
defineProperty(iterators, Symbol.toStringTag, { value: "ReadableStream AsyncIterator", configurable: true });

// Without a destination the library's pipeTo rejects with a text.
type Pipe = (this: unknown, to: unknown, options?: unknown) => Promise<void>;
const pipe = Reflect.get(ReadableStream.prototype, "pipeTo") as Pipe;
const corrected: { pipeTo: Pipe } = {
  pipeTo(to, options = undefined) {
    if (to === undefined) return NativePromise.reject(new TypeError("pipeTo needs a WritableStream"));
    return apply(pipe, this, [to, options]);
  },
};
defineProperty(ReadableStream.prototype, "pipeTo", { value: corrected.pipeTo, writable: true, configurable: true });

const CLASSES = {
  ReadableStream,
  ReadableStreamDefaultReader,
  ReadableStreamBYOBReader,
  ReadableStreamDefaultController,
  ReadableByteStreamController,
  ReadableStreamBYOBRequest,
  WritableStream,
  WritableStreamDefaultWriter,
  WritableStreamDefaultController,
  TransformStream,
  TransformStreamDefaultController,
  ByteLengthQueuingStrategy,
  CountQueuingStrategy,
};
for (const [name, Class] of Object.entries(CLASSES)) install(name, Class);

/** Whether the value is an object of this standard: its own properties are the library's. */
export const isOfStreams = (value: object): boolean =>
  Object.values(CLASSES).some((Class) => value instanceof (Class as new () => object));
