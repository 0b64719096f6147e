// Actors: named objects whose methods run one after the other, and which have state. Must not know where they live; only
// the dispatcher calls `Actor[TURN]`.
import type { Context, Env } from "./events.js";
import { ACTOR_SYMBOL } from "./internal/abi.js";
import { call } from "./internal/call.js";
import { decodeText, describe, requireName, toJson } from "./internal/encode.js";
import { ActorReminders, ActorTimers, RECEIVE_REMINDER } from "./reminders.js";

/** What the dispatcher knows actor classes by. */
export const TURN = Symbol.for(ACTOR_SYMBOL);

/** The state of one actor within one turn: written together when the method has succeeded, and not at all when it throws. */
export class ActorState {
  /** JSON by key; null where there is none. */
  readonly #known = new Map<string, string | null>();
  readonly #changed = new Set<string>();

  /** The value of a key, or null when there is none. */
  async get<T = unknown>(key: string): Promise<T | null> {
    requireName("state.get", "key", key);
    let json = this.#known.get(key);
    if (json === undefined) {
      const { head, body } = await call("actors.get", { key });
      json = (head as { found: boolean }).found ? decodeText(body) : null;
      // What was set while this was read is newer.
      if (this.#known.has(key)) json = this.#known.get(key) ?? null;
      else this.#known.set(key, json);
    }
    return json === null ? null : (JSON.parse(json) as T);
  }

  /** Whether a key has a value. */
  async has(key: string): Promise<boolean> {
    return (await this.get(key)) !== null;
  }

  /** Sets a value, kept as JSON. */
  set(key: string, value: unknown): void {
    this.#change(requireName("state.set", "key", key), toJson("state.set", "value", value));
  }

  /** Removes a value, if there is one. */
  remove(key: string): void {
    this.#change(requireName("state.remove", "key", key), null);
  }

  #change(key: string, json: string | null): void {
    this.#known.set(key, json);
    this.#changed.add(key);
  }

  /** Writes what has changed. The end of a turn does it; in the middle of a long method it makes durable what there is. */
  async save(): Promise<void> {
    if (this.#changed.size === 0) return;
    const writes = [...this.#changed].map((key) => {
      const json = this.#known.get(key) ?? null;
      return json === null ? { key } : { key, value: JSON.parse(json) as unknown };
    });
    await call("actors.save", {}, JSON.stringify(writes));
    this.#changed.clear();
  }
}

/** Who an actor is, and what its turn has to do with. */
export interface Turn {
  type: string;
  id: string;
  env: Env;
  ctx: Context;
}

/**
 * Base of actor classes: `export class Counter extends Actor`. The export's name is the actor's type. Each call of a method is a turn:
 * a new instance in a heap of its own, so fields do not last; `state` does. One actor has one turn at a time, everywhere.
 */
export abstract class Actor {
  readonly type: string;
  readonly id: string;
  readonly state = new ActorState();
  /** What calls this actor later, also after a restart: its method `receiveReminder(name, data)`. */
  readonly reminders: ActorReminders;
  /** What calls a method of this actor later, as long as the host runs. */
  readonly timers: ActorTimers;
  readonly env: Env;
  readonly ctx: Context;

  constructor(turn: Turn) {
    this.type = turn.type;
    this.id = turn.id;
    this.env = turn.env;
    this.ctx = turn.ctx;
    const methods = Reflect.getPrototypeOf(this) ?? Actor.prototype;
    const has = (method: string) => methodOf(methods, method) !== undefined;
    this.reminders = new ActorReminders(has);
    this.timers = new ActorTimers(has);
  }

  /** One turn, for the dispatcher: what the method returned, or a Response that says that there is no such method. */
  static async [TURN](this: new (turn: Turn) => Actor, turn: Turn, method: string, data: unknown): Promise<unknown> {
    const { name, args } = meant(method, data);
    const handler = name === undefined ? undefined : methodOf(this.prototype as object, name);
    if (name === undefined || handler === undefined) {
      return new Response(`${turn.type} has no method "${name ?? method}"`, {
        status: 404,
        headers: { "content-type": "text/plain" },
      });
    }
    const actor = new this(turn);
    const result: unknown = await Reflect.apply(handler, actor, args);
    if (result instanceof Response) {
      throw new TypeError(
        `${turn.type}.${name} returned a Response; a method of an actor returns what JSON can express`,
      );
    }
    await actor.state.save();
    return result;
  }
}

type Method = (...args: unknown[]) => unknown;

/** Which method a turn calls. Reminders and timers have names like paths, which no caller can use, and come as Dapr sends them. */
function meant(method: string, data: unknown): { name: string | undefined; args: unknown[] } {
  const slash = method.indexOf("/");
  // A caller that knows its name is not a reminder.
  if (slash < 0) return { name: method === RECEIVE_REMINDER ? undefined : method, args: [data] };
  const sent = (data ?? {}) as { data?: unknown; callback?: string };
  return method.startsWith("remind/")
    ? { name: RECEIVE_REMINDER, args: [method.slice(slash + 1), sent.data] }
    : { name: sent.callback, args: [sent.data] };
}

/** What can be called from outside: methods of the class and of those that it extends, but not of `Actor`, and not `_private` ones. */
function methodOf(prototype: object, method: string): Method | undefined {
  if (method === "constructor" || method.startsWith("_")) return undefined;
  for (let at: object | null = prototype; at !== null && at !== Actor.prototype; at = Reflect.getPrototypeOf(at)) {
    const found = Reflect.getOwnPropertyDescriptor(at, method);
    if (found !== undefined) {
      return typeof found.value === "function" ? (found.value as Method) : undefined;
    }
  }
  return undefined;
}

/** The methods of an actor as its callers see them: one argument at most, and a promise. */
export type ActorProxy<T = Record<string, (data?: unknown) => unknown>> = {
  readonly [Name in keyof T as T[Name] extends (data: never) => unknown ? Name : never]: T[Name] extends (
    ...data: infer Data
  ) => infer Result
    ? (...data: Data) => Promise<Awaited<Result>>
    : never;
};

/** An actor by its type and id, whether it has been called before or not: `await actor<Counter>("Counter", "a").increment(2)`. */
export function actor<T = Record<string, (data?: unknown) => unknown>>(type: string, id: string): ActorProxy<T> {
  requireName("actor", "type", type);
  requireName("actor", "id", id);
  const method =
    (name: string) =>
    async (data?: unknown, ...more: unknown[]) => {
      if (more.length > 0)
        throw new TypeError(`${type}.${name}: an actor's method takes one argument, not ${String(more.length + 1)}`);
      const body = data === undefined ? "" : toJson(`${type}.${name}`, "the argument", data);
      const reply = await call("actors.call", { actorType: type, actorId: id, method: name }, body);
      const text = decodeText(reply.body);
      return text === "" ? undefined : (JSON.parse(text) as unknown);
    };
  return new Proxy(Object.create(null) as ActorProxy<T>, {
    // A promise asks what it is given for `then`.
    get: (_, name) => (typeof name === "string" && name !== "then" ? method(name) : undefined),
    set: (_, name, value) => {
      throw new TypeError(
        `actor ${type}/${id}: ${String(name)} cannot be set to ${describe(value)}; it has methods only`,
      );
    },
  });
}
