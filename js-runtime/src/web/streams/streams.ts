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
import { defineProperty, deleteProperty, getPrototypeOf } from "../../js/primordials.js";
import { install } from "../webidl/webidl.js";

export { ReadableStream, TransformStream, WritableStream };

// The library's iterators do not inherit from those of the language (Web IDL §3.7.10.2).
const iterators = getPrototypeOf(new ReadableStream().values()) as object;
const asyncGenerators = getPrototypeOf(async function* () {}) as { prototype: object };
Object.setPrototypeOf(iterators, getPrototypeOf(asyncGenerators.prototype));
deleteProperty(iterators, Symbol.asyncIterator);
defineProperty(iterators, Symbol.toStringTag, { value: "ReadableStream AsyncIterator", configurable: true });

install("ReadableStream", ReadableStream);
install("ReadableStreamDefaultReader", ReadableStreamDefaultReader);
install("ReadableStreamBYOBReader", ReadableStreamBYOBReader);
install("ReadableStreamDefaultController", ReadableStreamDefaultController);
install("ReadableByteStreamController", ReadableByteStreamController);
install("ReadableStreamBYOBRequest", ReadableStreamBYOBRequest);
install("WritableStream", WritableStream);
install("WritableStreamDefaultWriter", WritableStreamDefaultWriter);
install("WritableStreamDefaultController", WritableStreamDefaultController);
install("TransformStream", TransformStream);
install("TransformStreamDefaultController", TransformStreamDefaultController);
install("ByteLengthQueuingStrategy", ByteLengthQueuingStrategy);
install("CountQueuingStrategy", CountQueuingStrategy);
