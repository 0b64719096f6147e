// Reminders and timers: the host calls an actor later. Must not know where they are stored, nor which host has an actor.
import { call } from "./internal/call.js";
import { describe, requireName, toJson } from "./internal/encode.js";

/** When an actor is called, and with what. */
export interface Due {
  /** The first time: a time (RFC 3339), or a duration from now (`10m`, `PT10M`). */
  dueTime?: string | Date;
  /** From then on: `1h30m`, `PT1H30M`, `@every 1h30m`, or `R5/PT10S` for five times in all. Without it there is one time only. */
  period?: string;
  /** How often in all; needs a period of whole seconds. */
  repeats?: number;
  /** When it is over: a time, or a duration from the first time on. */
  ttl?: string | Date;
  /** What the method is given. */
  data?: unknown;
}

/** A reminder. It has a `dueTime` or a `period`, or both; a lone period is the first delay too. `ttl` needs a period. */
export type Reminder = Due;

/** A timer. Without `dueTime` it fires at once. */
export interface Timer extends Due {
  /** The method of the class that is called with `data`. */
  callback: string;
}

const time = (value: string | Date | undefined) => (value instanceof Date ? value.toISOString() : value);

function asked(where: string, what: string, value: Due): object {
  if (value === null || typeof value !== "object") {
    throw new TypeError(`${where}: the ${what} must be an object { dueTime, period, … }, not ${describe(value)}`);
  }
  const { dueTime, ttl, data } = value;
  if (data !== undefined) toJson(where, "data", data);
  return { ...value, dueTime: time(dueTime), ttl: time(ttl) };
}

/** The method that reminders call. */
export const RECEIVE_REMINDER = "receiveReminder";

/** The reminders of one actor: they survive restarts of the host; each calls `receiveReminder(name, data)`. */
export class ActorReminders {
  readonly #has: (method: string) => boolean;

  constructor(has: (method: string) => boolean) {
    this.#has = has;
  }

  /** Sets a reminder, in the place of one that has its name. It stays set when the method throws afterwards. */
  async set(name: string, reminder: Reminder): Promise<void> {
    const where = "reminders.set";
    requireName(where, "name", name);
    const args = asked(where, "reminder", reminder);
    if (!this.#has(RECEIVE_REMINDER)) {
      throw new TypeError(`${where}: the class has no method ${RECEIVE_REMINDER}(name, data), which reminders call`);
    }
    await call("actors.setReminder", { ...args, name });
  }

  /** The reminder of that name, or null. Its period reads `@every 1h0m0s`; it has `repeats` only without a sidecar. */
  async get(name: string): Promise<Reminder | null> {
    requireName("reminders.get", "name", name);
    const { head } = await call("actors.getReminder", { name });
    return (head as { reminder: Reminder | null }).reminder;
  }

  /** Removes a reminder, if there is one. */
  async delete(name: string): Promise<void> {
    requireName("reminders.delete", "name", name);
    await call("actors.deleteReminder", { name });
  }
}

/** The timers of one actor: as reminders, but gone when the host, or its sidecar, ends. */
export class ActorTimers {
  readonly #has: (method: string) => boolean;

  constructor(has: (method: string) => boolean) {
    this.#has = has;
  }

  /** Starts a timer, in the place of one that has its name. */
  async set(name: string, timer: Timer): Promise<void> {
    const where = "timers.set";
    requireName(where, "name", name);
    const args = asked(where, "timer", timer);
    if (!this.#has(requireName(where, "callback", timer.callback))) {
      throw new TypeError(`${where}: callback is ${describe(timer.callback)}, but the class has no such method`);
    }
    await call("actors.setTimer", { ...args, name });
  }

  /** Stops a timer, if there is one. */
  async delete(name: string): Promise<void> {
    requireName("timers.delete", "name", name);
    await call("actors.deleteTimer", { name });
  }
}
