// Streams that are transferred (Streams Standard §4.2.5, §5.2.5, §6.2.3). Both ends are in one heap, so no port is needed between them:
// the stream is piped, and each chunk is cloned on its way as a message would be.
import { addKind, cloneOf } from "../clone/kinds.js";
import { isLocked, isStream, pipeThrough } from "../streams/read.js";
import { type ReadableStream, TransformStream, WritableStream } from "../streams/streams.js";

const cloning = (): TransformStream =>
  new TransformStream({
    transform(chunk, controller) {
      controller.enqueue(cloneOf(chunk, new Map()));
    },
  });

const moveReadable = (stream: ReadableStream): ReadableStream => pipeThrough(stream, cloning());
const moveWritable = (stream: WritableStream): WritableStream => {
  const { readable, writable } = cloning();
  // What fails is seen at the other end.
  void readable.pipeTo(stream).catch(() => undefined);
  return writable;
};

addKind({
  is: isStream,
  barred: (stream) =>
    isLocked(stream as ReadableStream) ? "a locked ReadableStream cannot be transferred" : undefined,
  transfer: (stream) => moveReadable(stream as ReadableStream),
});
addKind({
  is: (value) => value instanceof WritableStream,
  barred: (stream) => ((stream as WritableStream).locked ? "a locked WritableStream cannot be transferred" : undefined),
  transfer: (stream) => moveWritable(stream as WritableStream),
});
addKind({
  is: (value) => value instanceof TransformStream,
  barred: (stream) => {
    const { readable, writable } = stream as TransformStream;
    return readable.locked || writable.locked ? "a locked TransformStream cannot be transferred" : undefined;
  },
  transfer: (stream) => {
    const { readable, writable } = stream as TransformStream;
    const moved = new TransformStream();
    // The platform makes the pair; only the constructor could give it the two ends.
    Object.defineProperties(moved, {
      readable: { value: moveReadable(readable), configurable: true },
      writable: { value: moveWritable(writable), configurable: true },
    });
    return moved;
  },
});
