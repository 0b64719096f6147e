// Actors in memory: turns of one actor one after the other, state that is written when a turn has succeeded.
import type { Completion } from "../internal/call.js";
import type { Reminder, Timer } from "../reminders.js";
import { type ActorId, checkId, label } from "./actor-id.js";
import { ActorStates } from "./actor-state.js";
import { type Caller, MAX_DEPTH } from "./caller.js";
import type { FakeClock } from "./clock.js";
import { completion, copy } from "./completion.js";
import { failure, invalid, unknownOperation } from "./error.js";
import { requireGrant } from "./grants.js";
import { problemLine, problemOf } from "./problem.js";
import { Meter, type Quotas } from "./quotas.js";
import { checkName, checkTimer, keptReminder } from "./when.js";

/** Runs one turn: what the method returned, or a Response of status 404 where there is no such method. */
export interface Turns {
  run(actor: ActorId, method: string, data: unknown, caller?: Caller): Promise<unknown>;
  /** The function that exports a type. */
  owner(type: string): string | undefined;
}

interface Args {
  actorType: string;
  actorId: string;
  method: string;
  key: string;
  name: string;
}

/** A reminder or timer as it was set, and how often it has called. */
interface Kept<T> {
  due: T;
  fired: number;
  /** What its actor reads back of it. */
  shown?: Reminder;
}

/** As the SDK sends a reminder or a timer. */
type Due = Reminder & { dueTime?: string; ttl?: string };

/** By name, by `type/id`. */
type ByActor<T> = Map<string, Map<string, T>>;

function of<T>(all: ByActor<T>, actor: string): Map<string, T> {
  const found = all.get(actor) ?? new Map<string, T>();
  all.set(actor, found);
  return found;
}

export class FakeActors {
  readonly #states: ActorStates;
  readonly #reminders: ByActor<Kept<Reminder>> = new Map();
  readonly #timers: ByActor<Kept<Timer>> = new Map();
  readonly #last = new Map<string, Promise<unknown>>();
  readonly #turns: Turns;
  readonly #clock: FakeClock;
  readonly #meter: Meter;

  constructor(turns: Turns, clock: FakeClock, quotas: Quotas, stateMeter: Meter) {
    this.#states = new ActorStates(stateMeter);
    this.#turns = turns;
    this.#clock = clock;
    this.#meter = new Meter("reminders", quotas);
  }

  async run(op: string, caller: Caller, args: Args, body: string): Promise<Completion> {
    if (op === "actors.call") return this.#call(caller, args, body);
    const [actor] = caller.turn;
    if (actor === undefined) throw invalid(`${op}: only within a turn of an actor`);
    if (op !== "actors.get" && op !== "actors.save") return this.#later(op, actor, args);
    const state = this.of(label(actor));
    if (op === "actors.get") {
      const found = state.get(args.key);
      return completion({ found: found !== undefined }, found ?? "");
    }
    this.#states.save(actor, JSON.parse(body) as { key: string; value?: unknown }[]);
    return completion({});
  }

  /** The state of an actor, `type/id`: JSON by key. */
  of(actor: string): Map<string, string> {
    return this.#states.of(actor);
  }

  /** The reminders of an actor by name. */
  reminders(actor: string): Map<string, Reminder> {
    return new Map([...of(this.#reminders, actor)].map(([name, kept]) => [name, kept.due]));
  }

  /** The timers of an actor by name. */
  timers(actor: string): Map<string, Timer> {
    return new Map([...of(this.#timers, actor)].map(([name, kept]) => [name, kept.due]));
  }

  /** A turn as when a reminder is due; a reminder that has ended is gone then. */
  fireReminder(type: string, id: string, name: string): Promise<void> {
    const ended = () => {
      this.#removeReminder({ type, id }, name);
    };
    const reminders = of(this.#reminders, `${type}/${id}`);
    return this.#fire(reminders, ["fireReminder", { type, id }, name], `remind/${name}`, ended);
  }

  /** A turn as when a timer is due. */
  fireTimer(type: string, id: string, name: string): Promise<void> {
    const timers = of(this.#timers, `${type}/${id}`);
    return this.#fire(timers, ["fireTimer", { type, id }, name], `timer/${name}`, () => timers.delete(name));
  }

  /** What an actor asks to be called for later. */
  #later(op: string, actor: ActorId, { name, ...due }: Args): Completion {
    checked(op, () => {
      checkName(name);
    });
    switch (op) {
      case "actors.setReminder": {
        const sent = copy(due as Due);
        const shown = checked(op, () => keptReminder(sent, this.#clock.now));
        this.#setReminder(actor, name, { due: sent, fired: 0, shown });
        return completion({});
      }
      case "actors.getReminder":
        return completion({ reminder: of(this.#reminders, label(actor)).get(name)?.shown ?? null });
      case "actors.deleteReminder":
        this.#removeReminder(actor, name);
        return completion({});
      case "actors.setTimer": {
        const sent = copy(due as unknown as Due & Timer);
        checked(op, () => {
          checkTimer(sent, this.#clock.now);
        });
        of(this.#timers, label(actor)).set(name, { due: sent, fired: 0 });
        return completion({});
      }
      case "actors.deleteTimer":
        of(this.#timers, label(actor)).delete(name);
        return completion({});
      default:
        throw unknownOperation(op);
    }
  }

  #setReminder(actor: ActorId, name: string, kept: Kept<Reminder>): void {
    const reminders = of(this.#reminders, label(actor));
    const more = reminders.has(name) ? 0 : 1;
    const refusal = this.#meter.refusal(actor.type, more);
    if (refusal !== undefined) throw refusal;
    this.#meter.add(actor.type, more);
    reminders.set(name, kept);
  }

  #removeReminder(actor: ActorId, name: string): void {
    if (of(this.#reminders, label(actor)).delete(name)) this.#meter.add(actor.type, -1);
  }

  async #fire<T extends Reminder>(
    all: Map<string, Kept<T>>,
    [where, actor, name]: [string, ActorId, string],
    method: string,
    ended: () => void,
  ): Promise<void> {
    const kept = all.get(name);
    if (kept === undefined) {
      throw new Error(`${where}: ${label(actor)} has no "${name}". Known: ${[...all.keys()].join(", ")}`);
    }
    const result = await this.#turn(actor, method, copy(kept.due));
    if (result instanceof Response) throw new Error(`${where}: ${await result.text()}`);
    kept.fired += 1;
    const within = /^R(\d+)\//.exec(kept.due.period ?? "")?.[1];
    const most = kept.due.period ? (kept.due.repeats ?? Number(within ?? Infinity)) : 1;
    // The turn may have set another one of that name.
    if (kept.fired >= most && all.get(name) === kept) ended();
  }

  /** After the turns before it. */
  #turn(actor: ActorId, method: string, data: unknown, caller?: Caller): Promise<unknown> {
    const before = this.#last.get(label(actor)) ?? Promise.resolve();
    const turn = before.then(() => this.#turns.run(actor, method, data, caller));
    this.#last.set(
      label(actor),
      turn.catch(() => undefined),
    );
    return turn;
  }

  async #call(caller: Caller, { actorType: type, actorId: id, method }: Args, body: string): Promise<Completion> {
    const actor = { type, id };
    checked("actors.call", () => {
      checkId(actor);
    });
    const missing = () => failure("ERR_ACTOR_INVOKE_METHOD", `error invoke actor method: ${notFound(method)}`);
    // Turns of reminders and timers are named like paths; only the host calls them.
    if (method.includes("/")) throw missing();
    requireGrant(caller, "actors", type);
    if (caller.turn.some((one) => label(one) === label(actor))) {
      const why = "is within its turn, which waits for this call: it would never come";
      throw failure("ACTOR_REENTRANT", `${label(actor)} ${why}`);
    }
    if (caller.depth >= MAX_DEPTH) {
      const end = `the chain ends here, in ${caller.function}`;
      throw failure("UNAVAILABLE", `functions called each other ${MAX_DEPTH} deep; ${end}`);
    }
    const owner = this.#turns.owner(type);
    if (owner === undefined) {
      const why = "no function exports this type";
      throw failure("ERR_ACTOR_NO_ADDRESS", `did not find address for actor '${type}': ${why}`);
    }
    const who = { actor: label(actor), method, function: owner };
    const failed = (line: string, more: object) =>
      failure("ERR_ACTOR_INVOKE_METHOD", `error invoke actor method: ${line}`, { ...who, ...more });
    let result: unknown;
    try {
      result = await this.#turn(actor, method, body === "" ? undefined : JSON.parse(body), caller);
    } catch (error) {
      const { status, code, members } = problemOf(error);
      const told = Object.fromEntries(Object.entries(members).filter(([name]) => name !== "stack"));
      throw failed(`error from actor service: ${problemLine(error)}`, { ...told, status, code });
    }
    if (result instanceof Response) throw failed(notFound(method), { status: 404 });
    return completion({}, result === undefined ? "" : JSON.stringify(result));
  }
}

function notFound(method: string): string {
  return `actor method not found: ${method}`;
}

/** What a check gives; what it throws is the caller's error. */
function checked<T>(op: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw invalid(`${op}: ${(error as Error).message}`);
  }
}
