// The state of actors in memory, within the quota that all state counts in.
import { type ActorId, label } from "./actor-id.js";
import type { Meter } from "./quotas.js";
import { sizeOf } from "./store.js";

/** One write: no value, or null, removes. */
interface Write {
  key: string;
  value?: unknown;
}

export class ActorStates {
  /** JSON by key, by `type/id`. */
  readonly #states = new Map<string, Map<string, string>>();
  readonly #meter: Meter;

  constructor(meter: Meter) {
    this.#meter = meter;
  }

  /** The state of an actor, `type/id`: JSON by key. */
  of(actor: string): Map<string, string> {
    const found = this.#states.get(actor) ?? new Map<string, string>();
    this.#states.set(actor, found);
    return found;
  }

  /** Writes all of it or nothing. */
  save(actor: ActorId, writes: readonly Write[]): void {
    const state = this.of(label(actor));
    const next = new Map(state);
    for (const { key, value } of writes) {
      if (value === undefined || value === null) next.delete(key);
      else next.set(key, JSON.stringify(value));
    }
    const whole = (key: string) => `${actor.type}||${actor.id}||${key}`;
    const size = (entries: Map<string, string>) =>
      [...entries].reduce((sum, [key, text]) => sum + sizeOf(whole(key), text), 0);
    const [owner, more] = [`actors ${actor.type}`, size(next) - size(state)];
    const refusal = this.#meter.refusal(owner, more);
    if (refusal !== undefined) throw refusal;
    this.#meter.add(owner, more);
    this.#states.set(label(actor), next);
  }
}
