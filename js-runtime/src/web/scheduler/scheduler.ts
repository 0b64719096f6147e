// scheduler.wait, as Cloudflare Workers and Node have it: a timer as a promise that a signal can end.
import { type AbortSignal, isAbortSignal, onAbort } from "../abort/abort.js";
import { startTimer, stopTimer } from "../timers/timers.js";
import { dictionary, install, installAttribute, required } from "../webidl/webidl.js";

const KEY = Symbol("internal");

/** Waits until the time is over or the signal is aborted. */
const waitOrAbort = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => {
    const timer = startTimer(ms, resolve);
    if (signal === undefined) return;
    onAbort(signal, () => {
      stopTimer(timer);
      resolve();
    });
  });

class Scheduler {
  #brand = true;
  constructor(key: unknown) {
    if (key !== KEY) throw new TypeError("Illegal constructor");
  }
  async wait(delay: unknown, options: { signal?: unknown } | undefined = undefined): Promise<void> {
    void this.#brand;
    required(arguments.length, 1, "Scheduler.wait");
    const ms = Math.min(Math.max(0, Math.trunc(Number(delay)) || 0), 0x7fffffff);
    const { signal } = dictionary(options, "options");
    if (signal === undefined) return waitOrAbort(ms, undefined);
    if (!isAbortSignal(signal)) throw new TypeError("options.signal must be an AbortSignal");
    signal.throwIfAborted();
    await waitOrAbort(ms, signal);
    signal.throwIfAborted();
  }
}
install("Scheduler", Scheduler, 0);
installAttribute("scheduler", new Scheduler(KEY));
