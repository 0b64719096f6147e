// performance.now and timeOrigin (High Resolution Time). The origin is the start of the invocation, not of the snapshot.
({ now }, internals) => {
  const { webidl, startedAt } = internals;
  const KEY = Symbol("internal");
  const elapsed = () => Math.max(0, now() - startedAt());
  class Performance extends EventTarget {
    #brand = true;
    constructor(key) {
      if (key !== KEY) throw new TypeError("Illegal constructor");
      super();
    }
    now() { this.#brand; return elapsed() }
    get timeOrigin() { this.#brand; return startedAt() }
    toJSON() { this.#brand; return { timeOrigin: startedAt() } }
  }
  webidl.install("Performance", Performance, { length: 0 });
  webidl.installAttribute("performance", new Performance(KEY));
  internals.now = elapsed;
  webidl.installAttribute("self", globalThis);
}
