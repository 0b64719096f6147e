// The invocation: whether it has answered, what it threw, what it still waits for. One heap serves one invocation, so this state is
// part of the function's snapshot and never reset.
import { type FrameBody, log, write } from "daplet:natives";
import { LogLevel, ReplyCode, Status } from "./abi.js";
import { describe, trace } from "./errors.js";
import { openOperations } from "./operations.js";
import { apply, NativePromise, then } from "./primordials.js";
import { logUnhandled, openRejections, tellUnhandled } from "./rejections.js";
import { runTask } from "./tasks.js";

/**
 * What `certain` and `status` say: a status, the description of a failure, or one of two words that phases.rs knows; `undefined` when the
 * job queue must be emptied first.
 */
export type Standing = Status | string | undefined;

let replied = false;
let failure: string | null = null;
/** Promises given to `ctx.waitUntil` that have not settled. */
let waiting = 0;

/** Writes the reply. */
export const emit = (head: string, body: FrameBody): void => {
  write(head, body);
  replied = true;
};

/** The invocation ends with this error, unless it has answered already. */
export const fail = (error: unknown): void => {
  if (failure === null && !replied) failure = describe(error);
  else log(LogLevel.Error, `after the reply: ${trace(error)}`);
};

export const waitFor = (promise: unknown): void => {
  waiting++;
  const settled = (): void => {
    waiting--;
  };
  const failed = (error: unknown): void => {
    waiting--;
    log(LogLevel.Error, `waitUntil: ${trace(error)}`);
  };
  apply(then, NativePromise.resolve(promise), [settled, failed]);
};

const finish = (): Status => {
  logUnhandled();
  return Status.Done;
};

/** A status that holds if no job is queued, or `undefined`. */
export const certain = (): Standing =>
  replied && waiting === 0 && failure === null && openRejections() === 0 ? Status.Done : undefined;

/** Where the invocation stands once the job queue is empty; `undefined` after something that may have queued jobs. */
export const status = (): Standing => {
  if (tellUnhandled()) return undefined;
  if (failure !== null) {
    if (waiting > 0 && runTask()) return undefined;
    // What `waitUntil` was given goes on after the failure has left, as it does after a reply.
    if (waiting === 0 || openOperations() === 0) return failure;
    const left = `+${failure}`;
    failure = null;
    replied = true;
    return left;
  }
  if (replied && waiting === 0) return finish();
  if (runTask()) return undefined;
  if (openOperations() > 0) return Status.Pending;
  return replied ? finish() : ReplyCode.NeverSettled;
};
