// Locks in memory, on the fake's clock.
import type { Completion } from "../internal/call.js";
import type { FakeClock } from "./clock.js";
import { failure } from "./error.js";
import { completion } from "./state.js";

interface Args {
  store?: string;
  resource: string;
  owner: string;
  expirySeconds: number;
}

export class FakeLocks {
  readonly #stores: Map<string, Map<string, { owner: string; until: number }>>;
  readonly #clock: FakeClock;

  constructor(names: readonly string[], clock: FakeClock) {
    this.#stores = new Map(names.map((name) => [name, new Map<string, { owner: string; until: number }>()]));
    this.#clock = clock;
  }

  run(op: string, { store = "lockstore", resource, owner, expirySeconds }: Args): Completion {
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
