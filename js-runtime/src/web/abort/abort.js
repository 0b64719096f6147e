// AbortController and AbortSignal (DOM Standard §3).
(natives, internals) => {
  const { webidl } = internals;
  const KEY = Symbol("internal");
  let signalAbort, addStep, make;

  class AbortSignal extends EventTarget {
    #aborted = false;
    #reason = undefined;
    #steps = [];
    #dependents = [];
    #sources = null; // for AbortSignal.any
    constructor(key) {
      if (key !== KEY) throw new TypeError("Illegal constructor");
      super();
    }
    static abort(reason = undefined) {
      const signal = new AbortSignal(KEY);
      signal.#aborted = true;
      signal.#reason = reason === undefined ? new DOMException("This operation was aborted", "AbortError") : reason;
      return signal;
    }
    static timeout(milliseconds) {
      webidl.required(arguments.length, 1, "AbortSignal.timeout");
      const ms = webidl.enforceRange(milliseconds, "milliseconds");
      const signal = new AbortSignal(KEY);
      internals.startTimer(Math.min(ms, 0x7fffffff), () => signalAbort(signal, new DOMException("The operation timed out", "TimeoutError")));
      return signal;
    }
    static any(signals) {
      webidl.required(arguments.length, 1, "AbortSignal.any");
      const list = webidl.sequence(signals, (signal) => {
        if (!internals.isAbortSignal(signal)) throw new TypeError("AbortSignal.any takes a sequence of AbortSignal");
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
    get aborted() { return this.#aborted }
    get reason() { return this.#reason }
    throwIfAborted() { if (this.#aborted) throw this.#reason }
    static {
      internals.isAbortSignal = (value) => typeof value === "object" && value !== null && #aborted in value;
      make = () => new AbortSignal(KEY);
      addStep = (signal, step) => { if (!signal.#aborted) signal.#steps.push(step) };
      const mark = (signal, reason) => {
        if (signal.#aborted) return false;
        signal.#aborted = true;
        signal.#reason = reason === undefined ? new DOMException("This operation was aborted", "AbortError") : reason;
        return true;
      };
      const run = (signal) => {
        const steps = signal.#steps;
        signal.#steps = [];
        for (const step of steps) step(signal.#reason);
        internals.dispatch(signal, new Event("abort"));
      };
      signalAbort = (signal, reason) => {
        if (!mark(signal, reason)) return;
        const dependents = signal.#dependents.filter((dependent) => mark(dependent, signal.#reason));
        run(signal);
        for (const dependent of dependents) run(dependent);
      };
    }
  }
  internals.handlerAttribute(AbortSignal.prototype, "abort");
  webidl.install("AbortSignal", AbortSignal, { length: 0 });

  class AbortController {
    #signal = make();
    get signal() { return this.#signal }
    abort(reason = undefined) { signalAbort(this.#signal, reason) }
  }
  webidl.install("AbortController", AbortController, { length: 0 });

  internals.addAbortStep = addStep;
  internals.makeAbortController = () => new AbortController();
  internals.dependentSignal = (signal) => {
    const own = make();
    if (signal) {
      if (signal.aborted) signalAbort(own, signal.reason);
      else addStep(signal, (reason) => signalAbort(own, reason));
    }
    return own;
  };
}
