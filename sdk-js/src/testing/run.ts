// One run of a handler, and what ends it before the handler does: a lost race, or a limit. Owns what an invocation has used up.
import type { Completion } from "../internal/call.js";
import { failure, type Failure } from "./error.js";
import type { MountedFunction } from "./function.js";
import { exceeded } from "./limits.js";

/** Reruns of a handler whose unit of work loses its races. */
const MAX_RERUNS = 20;
/** What a run ends with that lost a race: the handler runs again. */
export const LOST = Symbol("lost");

/** What one invocation has used up; its reruns share it. */
export interface Account {
  operations: number;
  reruns: number;
}

export class Run {
  /** Rejects when the run ends before its handler. */
  readonly ended: Promise<never>;
  /** Promises given to `waitUntil`. */
  readonly background: Promise<unknown>[] = [];
  readonly #account: Account;
  readonly #mounted: MountedFunction;
  #end!: (reason: unknown) => void;
  #over = false;
  #replied = false;

  constructor(account: Account, mounted: MountedFunction) {
    this.#account = account;
    this.#mounted = mounted;
    this.ended = new Promise((_, reject) => {
      this.#end = reject;
    });
    this.ended.catch(() => undefined);
  }

  /** Whether it ended before its handler. */
  get over(): boolean {
    return this.#over;
  }

  /** The answer has left: from now on a lost race is the handler's to know. */
  replied(): void {
    this.#replied = true;
  }

  /** Ends the run. Nothing that it waits for comes any more. */
  end(reason: unknown): void {
    this.#over = true;
    this.#end(reason);
  }

  /** One operation of the run: what it comes to, unless the run is over by then. */
  async operate(work: () => Completion | Promise<Completion>): Promise<Completion> {
    if (this.#over) return this.#never();
    this.#account.operations += 1;
    if (this.#account.operations > this.#mounted.limits.operations) {
      this.end(exceeded("exceededOperations", 503, "operations", this.#mounted));
      return this.#never();
    }
    try {
      const done = await work();
      return this.#over ? await this.#never() : done;
    } catch (error) {
      if (this.#over) return this.#never();
      if ((error as Failure).code !== "UNIT_CONFLICT" || this.#replied) throw error;
      if (this.#account.reruns >= MAX_RERUNS) throw hopeless(error as Failure, this.#account.reruns);
      this.end(LOST);
      return this.#never();
    }
  }

  #never(): Promise<never> {
    return new Promise(() => undefined);
  }
}

/** The error of a unit of work that lost every race: what it raced for, and how often. */
function hopeless({ code, message, details }: Failure, reruns: number): Failure {
  const { store, key } = details as { store: string; key: string };
  const races = `lost a race ${reruns + 1} times (${reruns} reruns of the handler)`;
  const words = `${code}: the transaction on ${JSON.stringify(key)} of ${store} ${races}: ${message}`;
  return failure(code, words, { reruns, store, key });
}
