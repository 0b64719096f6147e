// Locks in memory, on the fake's clock.
import type { Completion } from "../internal/call.js";
import type { Caller } from "./caller.js";
import type { FakeClock } from "./clock.js";
import { completion } from "./completion.js";
import { invalid, noComponent, unknownOperation } from "./error.js";
import { allowsIn, refused } from "./grants.js";

interface Args {
  store?: string;
  resource: string;
  owner: string;
  expirySeconds: number;
}

interface Held {
  owner: string;
  until: number;
}

/** Longest lifetime, as the host has it unless the operator says otherwise. */
const LONGEST = 86_400;
/** Longest name of a function. */
const LONGEST_NAME = 63;

export class FakeLocks {
  readonly #stores: Map<string, Map<string, Held>>;
  readonly #clock: FakeClock;
  readonly #functions: { has(name: string): boolean };

  constructor(names: readonly string[], clock: FakeClock, functions: { has(name: string): boolean }) {
    this.#functions = functions;
    this.#stores = new Map(names.map((name) => [name, new Map<string, Held>()]));
    this.#clock = clock;
  }

  run(op: string, caller: Caller, { store = "lockstore", resource, owner, expirySeconds }: Args): Completion {
    for (const [name, value] of Object.entries({ resource, owner })) {
      if (value === "") throw invalid(`${op}: ${name} cannot be empty`);
    }
    this.#checkGrant(caller, store, resource);
    switch (op) {
      case "lock.tryLock": {
        if (!(expirySeconds >= 1 && expirySeconds <= LONGEST)) {
          const range = `but must be 1 to ${LONGEST} (setting max_lock_seconds)`;
          throw invalid(`lock.tryLock: the expiry is ${String(expirySeconds)} s, ${range}`);
        }
        const locks = this.#locks(store, resource);
        if (this.#held(locks, resource) !== undefined) return completion({ success: false });
        locks.set(resource, { owner, until: this.#clock.now + expirySeconds * 1000 });
        return completion({ success: true });
      }
      case "lock.unlock": {
        const locks = this.#locks(store, resource);
        const held = this.#held(locks, resource);
        if (held === undefined) return completion({ status: 1 });
        if (held.owner !== owner) return completion({ status: 2 });
        locks.delete(resource);
        return completion({ status: 0 });
      }
      default:
        throw unknownOperation(op);
    }
  }

  #checkGrant(caller: Caller, store: string, resource: string): void {
    if (caller.grants === undefined) return;
    const granted = caller.grants.locks;
    const may = granted === undefined ? this.#owns(caller.function, resource) : allowsIn(granted, store, resource);
    if (!may) throw refused(caller, "locks", `${store}/${resource}`);
  }

  /** Whether a resource is named after the function, and after no function with a longer name. */
  #owns(name: string, resource: string): boolean {
    const ends = (at: number) => at >= resource.length || !/[A-Za-z0-9]/.test(resource.charAt(at));
    if (!resource.startsWith(name) || !ends(name.length)) return false;
    for (let at = name.length + 1; at <= Math.min(resource.length, LONGEST_NAME); at++) {
      if (ends(at) && this.#functions.has(resource.slice(0, at))) return false;
    }
    return true;
  }

  #locks(store: string, resource: string): Map<string, Held> {
    const locks = this.#stores.get(store);
    if (locks === undefined) throw noComponent("NOT_FOUND", `lock store ${store} is`, this.#stores.keys());
    if (!resource.includes("||")) return locks;
    throw invalid(`the resource ${JSON.stringify(resource)} contains "||", which Dapr keeps for itself`);
  }

  #held(locks: Map<string, Held>, resource: string): Held | undefined {
    const found = locks.get(resource);
    return found !== undefined && found.until > this.#clock.now ? found : undefined;
  }
}
