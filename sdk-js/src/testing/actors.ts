// Actors in memory: turns of one actor one after the other, state that is written when a turn has succeeded.
import type { Completion } from "../internal/call.js";
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
}

export class FakeActors {
  /** JSON by key, by `type/id`. */
  readonly #state = new Map<string, Map<string, string>>();
  readonly #last = new Map<string, Promise<unknown>>();
  readonly #run: RunTurn;

  constructor(run: RunTurn) {
    this.#run = run;
  }

  async run(op: string, caller: Caller, args: Args, body: string): Promise<Completion> {
    if (op === "actors.call") return this.#call(caller, args, body);
    if (caller.turn === undefined) throw failure("INVALID_ARGUMENT", `${op}: only within a turn of an actor`);
    const state = this.of(caller.turn[0] ?? "");
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
      default:
        throw failure("UNKNOWN_OPERATION", `no capability serves "${op}"`);
    }
  }

  /** The state of an actor, `type/id`: JSON by key. */
  of(actor: string): Map<string, string> {
    const found = this.#state.get(actor) ?? new Map<string, string>();
    this.#state.set(actor, found);
    return found;
  }

  async #call(caller: Caller, { actorType: type, actorId: id, method }: Args, body: string): Promise<Completion> {
    requireGrant(caller, "actors", type);
    const actor = `${type}/${id}`;
    if (caller.turn?.includes(actor)) {
      throw failure("ACTOR_REENTRANT", `${actor} is within its turn, which waits for this call: it would never come`);
    }
    const turn = (this.#last.get(actor) ?? Promise.resolve()).then(() =>
      this.#run(type, id, method, body === "" ? undefined : JSON.parse(body)),
    );
    this.#last.set(
      actor,
      turn.catch(() => undefined),
    );
    let result: unknown;
    try {
      result = await turn;
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
