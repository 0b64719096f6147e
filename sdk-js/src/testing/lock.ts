// Locks in memory, on the fake's clock.
import type { Completion } from "../internal/call.js";
import type { FakeClock } from "./clock.js";
import { failure } from "./error.js";
import { allowsIn, type Caller, refused } from "./grants.js";
import { completion } from "./state.js";

interface Args {
  store?: string;
  resource: string;
  owner: string;
  expirySeconds: number;
}

/** Longest lifetime, as the host has it unless the operator says otherwise. */
const LONGEST = 86_400;

export class FakeLocks {
  readonly #stores: Map<string, Map<string, { owner: string; until: number }>>;
  readonly #clock: FakeClock;
  readonly #functions: { has(name: string): boolean };

  constructor(names: readonly string[], clock: FakeClock, functions: { has(name: string): boolean }) {
    this.#functions = functions;
    this.#stores = new Map(names.map((name) => [name, new Map<string, { owner: string; until: number }>()]));
    this.#clock = clock;
  }

  /** Whether a resource is named after the function, and after none with a longer name. */
  #owns(name: string, resource: string): boolean {
    const ends = (at: number) => at >= resource.length || !/[A-Za-z0-9]/.test(resource.charAt(at));
    if (!resource.startsWith(name) || !ends(name.length)) return false;
    for (let at = name.length + 1; at <= Math.min(resource.length, 63); at++) {
      if (ends(at) && this.#functions.has(resource.slice(0, at))) return false;
    }
    return true;
  }

  run(op: string, caller: Caller, { store = "lockstore", resource, owner, expirySeconds }: Args): Completion {
    const granted = caller.grants?.locks;
    const allowed =
      caller.grants === undefined ||
      (granted === undefined ? this.#owns(caller.function, resource) : allowsIn(granted, store, resource));
    if (!allowed) throw refused(caller, "locks", `${store}/${resource}`);
    if (op === "lock.tryLock" && !(expirySeconds >= 1 && expirySeconds <= LONGEST)) {
      const message = `the expiry is ${String(expirySeconds)} s, but must be 1 to ${String(LONGEST)} (setting max_lock_seconds)`;
      throw failure("INVALID_ARGUMENT", `lock.tryLock: ${message}`);
    }
    const locks = this.#stores.get(store);
    if (locks === undefined) {
      const known = [...this.#stores.keys()].join(", ");
      throw failure("NOT_FOUND", `lock: there is no component "${store}". Known: ${known}`);
    }
    const found = locks.get(resource);
    const held = found !== undefined && found.until > this.#clock.now ? found : undefined;
    switch (op) {
      case "lock.tryLock":
        if (held !== undefined) return completion({ success: false });
        locks.set(resource, { owner, until: this.#clock.now + expirySeconds * 1000 });
        return completion({ success: true });
      case "lock.unlock":
        if (held === undefined) return completion({ status: 1 });
        if (held.owner !== owner) return completion({ status: 2 });
        locks.delete(resource);
        return completion({ status: 0 });
      default:
        throw failure("UNKNOWN_OPERATION", `no capability serves "${op}"`);
    }
  }
}
