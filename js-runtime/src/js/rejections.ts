// Promises that were rejected without a handler (HTML Standard §8.1.4.7). Each is told to listeners once the job queue is empty, and
// logged when the invocation ends, unless it was given a handler meanwhile or a listener canceled the event.
import { log } from "daplet:natives";
import { LogLevel } from "./abi.js";
import { trace } from "./errors.js";
import { mapDelete, mapForEach, mapGet, mapSet, mapSize } from "./primordials.js";
import { queueTask } from "./tasks.js";

/** What the global object, which becomes an event target later, does about them. */
interface Listeners {
  /** Whether anyone listens to unhandled rejections. */
  exist: () => boolean;
  /** → whether a listener canceled the event. */
  unhandled: (promise: unknown, reason: unknown) => boolean;
  handled: (promise: unknown, reason: unknown) => void;
}

/** By promise, the reason. */
const rejected = new Map<unknown, unknown>();
/** Those that listeners have been told of. */
const told = new Map<unknown, true>();
/** The size of `rejected`, which is asked for often. */
let open = 0;
let listeners: Listeners | null = null;

export const tellRejectionsTo = (given: Listeners): void => {
  listeners = given;
};

export const openRejections = (): number => open;

/** The engine reports each promise that is rejected without a handler, and each that is given one later. */
export const rejection = (promise: unknown, reason: unknown, handled: boolean): void => {
  if (handled) mapDelete(rejected, promise);
  else mapSet(rejected, promise, reason);
  open = mapSize(rejected);
  if (handled && mapDelete(told, promise)) queueTask(() => listeners?.handled(promise, reason));
};

/** Throws the reason of a promise that was rejected while the module was loaded. */
export const throwUnhandled = (): void => {
  mapForEach(rejected, (reason) => {
    throw reason;
  });
};

/** Tells listeners of those that they have not been told of → whether there were any. */
export const tellUnhandled = (): boolean => {
  if (open === 0 || listeners?.exist() !== true) return false;
  const fresh: unknown[] = [];
  mapForEach(rejected, (_, promise) => {
    if (mapGet(told, promise) === undefined) fresh[fresh.length] = promise;
  });
  for (let i = 0; i < fresh.length; i++) {
    const promise = fresh[i];
    mapSet(told, promise, true);
    if (listeners.unhandled(promise, mapGet(rejected, promise))) mapDelete(rejected, promise);
  }
  open = mapSize(rejected);
  return fresh.length > 0;
};

export const logUnhandled = (): void => {
  if (open === 0) return;
  mapForEach(rejected, (reason) => {
    log(LogLevel.Error, `unhandled rejection: ${trace(reason)}`);
  });
};
