// An answer whose body is a stream: its head leaves at once, and each chunk as soon as the host has room for it.
import { log } from "daplet:natives";
import { takeNumber } from "../../web/body/outside.js";
import { DOMException } from "../../web/exception/exception.js";
import { abortRequest } from "../../web/fetch/request.js";
import { readChunk, seize } from "../../web/streams/read.js";
import type { ReadableStream } from "../../web/streams/streams.js";
import { isUint8Array } from "../../web/webidl/webidl.js";
import { LogLevel } from "../abi.js";
import { abortContext } from "../context.js";
import { headline, trace } from "../errors.js";
import { emit, waitFor } from "../invocation.js";
import { call } from "../operations.js";
import { apply, NativePromise, slice, then } from "../primordials.js";

/** The number of the answer's body: those that the guest writes are odd. */
const NUMBER = 1;

type Ended = () => void;

const nothing = (): void => undefined;

/** Starts an operation on the answer's body. */
const operate = (verb: string, args: object, chunk: unknown, done: Ended, failed: (error: unknown) => void): void => {
  apply(then, call(`body.${verb}`, { ...args, body: NUMBER }, chunk), [done, failed]);
};

/** Writes the head, with the number of the body that follows it. A body that is in the host already does so without the guest. */
export const sendStream = (head: string, stream: ReadableStream): void => {
  const passed = takeNumber(stream);
  emit(`${apply(slice, head, [0, -1])},"stream":${passed ?? NUMBER}}`, null);
  if (passed !== undefined) return;
  // The invocation lasts as long as its answer.
  const pumped = new NativePromise<void>((ended) => {
    pump(stream, ended);
  });
  waitFor(pumped);
};

/** Writes chunk after chunk, each when the host has room for it. */
const pump = (stream: ReadableStream, ended: Ended): void => {
  const reader = seize(stream);
  let over = false;
  const ask = (): void => {
    if (!over) readChunk(stream, steps);
  };
  /** The client has gone: whatever makes the body hears of it. */
  const gone = (): void => {
    if (over) return;
    over = true;
    const reason = new DOMException("the client has gone", "AbortError");
    abortRequest(reason);
    abortContext(reason);
    apply(then, reader.cancel(reason), [ended, ended]);
  };
  const failed = (error: unknown): void => {
    if (over) return;
    over = true;
    log(LogLevel.Error, `the response's body: ${trace(error)}`);
    operate("cancel", { reason: headline(error) }, null, ended, ended);
  };
  const steps = {
    chunk(chunk: unknown): void {
      if (isUint8Array(chunk)) {
        operate("write", {}, chunk, ask, gone);
        return;
      }
      const error = new TypeError("a chunk of a body must be a Uint8Array");
      failed(error);
      apply(then, reader.cancel(error), [nothing, nothing]);
    },
    close(): void {
      if (over) return;
      over = true;
      operate("close", {}, null, ended, ended);
    },
    error: failed,
  };
  operate("watch", {}, null, gone, gone);
  ask();
};
