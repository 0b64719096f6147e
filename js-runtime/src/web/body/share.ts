// A body in two places: the clone of a Request or Response, and a Request made of another (Fetch Standard §2.2.4, §5.4).
import { NativePromise } from "../../js/primordials.js";
import { cloneOf } from "../clone/kinds.js";
import { isByteStream, pipeThrough, readChunk, seize, tee } from "../streams/read.js";
import { ReadableStream, TransformStream } from "../streams/streams.js";
import { type Body, expectUnread, streamed, whole } from "./body.js";
import { copyOf } from "./source.js";
import { streamOf, takeWhole } from "./stream.js";

/** The stream with a copy of each chunk: what one reader does to a chunk must not reach the other. */
const copied = (stream: ReadableStream): ReadableStream => {
  const reader = seize(stream);
  return new ReadableStream(
    {
      pull: (controller) =>
        new NativePromise<void>((resolve) => {
          readChunk(stream, {
            chunk(chunk) {
              try {
                controller.enqueue(cloneOf(chunk, new Map()));
              } catch (error) {
                controller.error(error);
                void reader.cancel(error);
              }
              resolve();
            },
            close() {
              controller.close();
              resolve();
            },
            error(error) {
              controller.error(error);
              resolve();
            },
          });
        }),
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
};

/** A second body with the same content. */
export const cloned = (body: Body): Body => {
  expectUnread(body);
  const { source, stream, type } = body;
  if (stream === null) return whole(copyOf(source), type);
  const behind = takeWhole(stream);
  if (behind !== undefined) {
    body.stream = streamOf(behind);
    return whole(copyOf(behind), type);
  }
  const [own, other] = tee(stream);
  body.stream = own;
  return streamed(isByteStream(stream) ? other : copied(other), type);
};

/** The body for another owner; this one counts as read. */
export const moved = (body: Body): Body => {
  expectUnread(body);
  const { source, stream, type } = body;
  if (stream === null) {
    body.used = source !== null;
    return whole(source, type);
  }
  const behind = takeWhole(stream);
  return behind === undefined ? streamed(pipeThrough(stream, new TransformStream()), type) : whole(behind, type);
};
