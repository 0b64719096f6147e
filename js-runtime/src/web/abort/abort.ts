// AbortController and AbortSignal (DOM Standard §3).
import { Event } from "../events/event.js";
import { acceptAbortSignals, dispatch, EventTarget, handlerAttribute } from "../events/target.js";
import { DOMException } from "../exception/exception.js";
import { startTimer } from "../timers/timers.js";
import { enforceRange, install, required, sequence } from "../webidl/webidl.js";

type Step = (reason: unknown) => void;

/** Only the platform makes signals. */
const KEY = Symbol("internal");

export let isAbortSignal: (value: unknown) => value is AbortSignal;
let makeSignal: () => AbortSignal;
let abort: (signal: AbortSignal, reason?: unknown) => void;
/** What happens when the signal is aborted, before its event. */
export let addStep: (signal: AbortSignal, step: Step) => void;

export class AbortSignal extends EventTarget {
  #aborted = false;
  #reason: unknown = undefined;
  #steps: Step[] = [];
  readonly #dependents: AbortSignal[] = [];
  /** The signals that `AbortSignal.any` follows. */
  #sources: Set<AbortSignal> | null = null;
  constructor(key: unknown) {
    if (key !== KEY) throw new TypeError("Illegal constructor");
    super();
  }
  static abort(reason: unknown = undefined): AbortSignal {
    const signal = new AbortSignal(KEY);
    signal.#mark(reason);
    return signal;
  }
  static timeout(milliseconds: unknown): AbortSignal {
    required(arguments.length, 1, "AbortSignal.timeout");
    const ms = enforceRange(milliseconds, "milliseconds");
    const signal = new AbortSignal(KEY);
    startTimer(Math.min(ms, 0x7fffffff), () => {
      abort(signal, new DOMException("The operation timed out", "TimeoutError"));
    });
    return signal;
  }
  static any(signals: Iterable<unknown>): AbortSignal {
    required(arguments.length, 1, "AbortSignal.any");
    const list = sequence(signals, (signal) => {
      if (!isAbortSignal(signal)) throw new TypeError("AbortSignal.any takes a sequence of AbortSignal");
      return signal;
    });
    const result = new AbortSignal(KEY);
    for (const signal of list) {
      if (signal.#aborted) {
        result.#aborted = true;
        result.#reason = signal.#reason;
        return result;
      }
    }
    result.#sources = new Set();
    for (const signal of list) {
      for (const source of signal.#sources ?? [signal]) {
        if (result.#sources.has(source)) continue;
        result.#sources.add(source);
        source.#dependents.push(result);
      }
    }
    return result;
  }
  get aborted(): boolean {
    return this.#aborted;
  }
  get reason(): unknown {
    return this.#reason;
  }
  throwIfAborted(): void {
    if (this.#aborted) throw this.#reason;
  }
  /** Whether the signal was not aborted before. */
  #mark(reason: unknown): boolean {
    if (this.#aborted) return false;
    this.#aborted = true;
    this.#reason = reason === undefined ? new DOMException("This operation was aborted", "AbortError") : reason;
    return true;
  }
  #run(): void {
    const steps = this.#steps;
    this.#steps = [];
    for (const step of steps) step(this.#reason);
    dispatch(this, new Event("abort"));
  }
  static {
    isAbortSignal = (value): value is AbortSignal => typeof value === "object" && value !== null && #aborted in value;
    makeSignal = () => new AbortSignal(KEY);
    addStep = (signal, step) => {
      if (!signal.#aborted) signal.#steps.push(step);
    };
    abort = (signal, reason) => {
      if (!signal.#mark(reason)) return;
      const dependents = signal.#dependents.filter((dependent) => dependent.#mark(signal.#reason));
      signal.#run();
      for (const dependent of dependents) dependent.#run();
    };
  }
}
handlerAttribute(AbortSignal.prototype, "abort");
install("AbortSignal", AbortSignal, 0);
acceptAbortSignals({
  has: isAbortSignal,
  isAborted: (signal) => (signal as AbortSignal).aborted,
  onAbort: (signal, step) => {
    addStep(signal as AbortSignal, step);
  },
});

export class AbortController {
  readonly #signal = makeSignal();
  get signal(): AbortSignal {
    return this.#signal;
  }
  abort(reason: unknown = undefined): void {
    abort(this.#signal, reason);
  }
}
install("AbortController", AbortController, 0);

export const makeAbortController = (): AbortController => new AbortController();

/** A signal that is aborted when the given one is. */
export const dependentSignal = (signal: AbortSignal | null): AbortSignal => {
  const own = makeSignal();
  if (signal) {
    if (signal.aborted) abort(own, signal.reason);
    else {
      addStep(signal, (reason) => {
        abort(own, reason);
      });
    }
  }
  return own;
};
