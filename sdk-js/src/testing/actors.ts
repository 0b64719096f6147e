// Actors in memory: turns of one actor one after the other, state that is written when a turn has succeeded.
import type { Completion } from "../internal/call.js";
import type { Reminder, Timer } from "../reminders.js";
import { failure } from "./error.js";
import { type Caller, requireGrant } from "./grants.js";
import { completion } from "./state.js";

/** Runs one turn: what the method returned, or a Response of status 404 where there is no such method. */
export type RunTurn = (type: string, id: string, method: string, data: unknown) => Promise<unknown>;

interface Args {
  actorType: string;
  actorId: string;
  method: string;
  key: string;
  name: string;
}

/** A reminder or timer, and how often it has called. */
interface Kept<T> {
  due: T;
  fired: number;
}

/** By name, by `type/id`. */
type ByActor<T> = Map<string, Map<string, T>>;

function of<T>(all: ByActor<T>, actor: string): Map<string, T> {
  const found = all.get(actor) ?? new Map<string, T>();
  all.set(actor, found);
  return found;
}

export class FakeActors {
  /** JSON by key, by `type/id`. */
  readonly #state: ByActor<string> = new Map();
  readonly #reminders: ByActor<Kept<Reminder>> = new Map();
  readonly #timers: ByActor<Kept<Timer>> = new Map();
  readonly #last = new Map<string, Promise<unknown>>();
  readonly #run: RunTurn;

  constructor(run: RunTurn) {
    this.#run = run;
  }

  async run(op: string, caller: Caller, args: Args, body: string): Promise<Completion> {
    if (op === "actors.call") return this.#call(caller, args, body);
    if (caller.turn === undefined) throw failure("INVALID_ARGUMENT", `${op}: only within a turn of an actor`);
    const actor = caller.turn[0] ?? "";
    const state = this.of(actor);
    const { name, ...due } = args;
    switch (op) {
      case "actors.get": {
        const found = state.get(args.key);
        return completion({ found: found !== undefined }, found ?? "");
      }
      case "actors.save":
        for (const { key, value } of JSON.parse(body) as { key: string; value?: unknown }[]) {
          if (value === undefined) state.delete(key);
          else state.set(key, JSON.stringify(value));
        }
        return completion({});
      case "actors.setReminder":
        checkReminder(op, due as Reminder);
        of(this.#reminders, actor).set(name, { due: copy(due as Reminder), fired: 0 });
        return completion({});
      case "actors.getReminder":
        return completion({ reminder: of(this.#reminders, actor).get(name)?.due ?? null });
      case "actors.deleteReminder":
        of(this.#reminders, actor).delete(name);
        return completion({});
      case "actors.setTimer":
        of(this.#timers, actor).set(name, { due: copy(due as unknown as Timer), fired: 0 });
        return completion({});
      case "actors.deleteTimer":
        of(this.#timers, actor).delete(name);
        return completion({});
      default:
        throw failure("UNKNOWN_OPERATION", `no capability serves "${op}"`);
    }
  }

  /** The state of an actor, `type/id`: JSON by key. */
  of(actor: string): Map<string, string> {
    return of(this.#state, actor);
  }

  /** The reminders of an actor by name. */
  reminders(actor: string): Map<string, Reminder> {
    return new Map([...of(this.#reminders, actor)].map(([name, kept]) => [name, kept.due]));
  }

  /** The timers of an actor by name. */
  timers(actor: string): Map<string, Timer> {
    return new Map([...of(this.#timers, actor)].map(([name, kept]) => [name, kept.due]));
  }

  /** A turn as when a reminder is due; what has ended is gone then. */
  fireReminder(type: string, id: string, name: string): Promise<void> {
    return this.#fire(of(this.#reminders, `${type}/${id}`), ["fireReminder", type, id, name], `remind/${name}`);
  }

  /** A turn as when a timer is due. */
  fireTimer(type: string, id: string, name: string): Promise<void> {
    return this.#fire(of(this.#timers, `${type}/${id}`), ["fireTimer", type, id, name], `timer/${name}`);
  }

  async #fire<T extends Reminder>(
    all: Map<string, Kept<T>>,
    [where, type, id, name]: [string, string, string, string],
    method: string,
  ): Promise<void> {
    const kept = all.get(name);
    if (kept === undefined) {
      throw new Error(`${where}: ${type}/${id} has no "${name}". Known: ${[...all.keys()].join(", ")}`);
    }
    const result = await this.#turn(type, id, method, copy(kept.due));
    if (result instanceof Response) throw new Error(`${where}: ${await result.text()}`);
    kept.fired += 1;
    const within = /^R(\d+)\//.exec(kept.due.period ?? "")?.[1];
    const most = kept.due.period ? (kept.due.repeats ?? Number(within ?? Infinity)) : 1;
    // The turn may have set another one of that name.
    if (kept.fired >= most && all.get(name) === kept) all.delete(name);
  }

  /** After those before it. */
  #turn(type: string, id: string, method: string, data: unknown): Promise<unknown> {
    const actor = `${type}/${id}`;
    const turn = (this.#last.get(actor) ?? Promise.resolve()).then(() => this.#run(type, id, method, data));
    this.#last.set(
      actor,
      turn.catch(() => undefined),
    );
    return turn;
  }

  async #call(caller: Caller, { actorType: type, actorId: id, method }: Args, body: string): Promise<Completion> {
    requireGrant(caller, "actors", type);
    const actor = `${type}/${id}`;
    if (caller.turn?.includes(actor)) {
      throw failure("ACTOR_REENTRANT", `${actor} is within its turn, which waits for this call: it would never come`);
    }
    if (method.includes("/")) {
      throw failure("ERR_ACTOR_INVOKE_METHOD", `error invoke actor method: actor method not found: ${method}`);
    }
    let result: unknown;
    try {
      result = await this.#turn(type, id, method, body === "" ? undefined : JSON.parse(body));
    } catch (error) {
      if ((error as { code?: unknown }).code === "ERR_ACTOR_NO_ADDRESS") throw error;
      const message = error instanceof Error ? error.message : String(error);
      throw failure("ERR_ACTOR_INVOKE_METHOD", `error invoke actor method: error from actor service: (500) ${message}`);
    }
    if (result instanceof Response) {
      throw failure("ERR_ACTOR_INVOKE_METHOD", `error invoke actor method: actor method not found: ${method}`);
    }
    return completion({}, result === undefined ? "" : JSON.stringify(result));
  }
}

/** As JSON gives it back. */
function copy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

function checkReminder(op: string, { dueTime, period, ttl }: Reminder): void {
  if (!dueTime && !period) throw failure("INVALID_ARGUMENT", `${op}: a reminder needs a dueTime or a period`);
  if (ttl && !period) throw failure("INVALID_ARGUMENT", `${op}: ttl is for a reminder with a period`);
}
