// performance.now and timeOrigin (High Resolution Time). The origin is the start of the invocation, not of the snapshot.
import { current, elapsed } from "../../js/event.js";
import { EventTarget } from "../events/target.js";
import { install, installAttribute } from "../webidl/webidl.js";

const KEY = Symbol("internal");

class Performance extends EventTarget {
  #brand = true;
  constructor(key: unknown) {
    if (key !== KEY) throw new TypeError("Illegal constructor");
    super();
  }
  now(): number {
    void this.#brand;
    return elapsed();
  }
  get timeOrigin(): number {
    void this.#brand;
    return current.startedAt;
  }
  toJSON(): { timeOrigin: number } {
    void this.#brand;
    return { timeOrigin: current.startedAt };
  }
}
install("Performance", Performance, 0);
installAttribute("performance", new Performance(KEY));
installAttribute("self", globalThis);
