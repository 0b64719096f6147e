// Invocations: a handler runs on an event, with a context, limits and a fresh module; again from its beginning after a lost race.
// Must not know what the event is.
import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes, randomUUID } from "node:crypto";
import type { Context } from "../events.js";
import type { Completion } from "../internal/call.js";
import { type Caller, TEST } from "./caller.js";
import { failure } from "./error.js";
import type { MountedFunction } from "./function.js";
import { exceeded } from "./limits.js";
import type { LoadedModule } from "./module.js";
import { Problem } from "./problem.js";
import { type Account, LOST, Run } from "./run.js";

/** Something that failed where no caller could see it: a promise given to `waitUntil`. */
export interface BackgroundFailure {
  function: string;
  error: unknown;
}

/** What an event says of itself: fields of the context, and who is behind it. */
export interface About extends Partial<Omit<Context, "waitUntil" | "env" | "function" | "version">> {
  depth?: number;
  turn?: Caller["turn"];
}

/** What names an event in logs and traces. */
type Named = Pick<Context, "requestId" | "traceparent">;

/** An event that has all names. */
type Event = About & Named;

type Handle<T> = (module: LoadedModule, ctx: Context) => Promise<T>;

/** Where operations come from: a run of a function, or a module that is being loaded. */
interface Scope {
  caller: Caller;
  run?: Run;
}

export class Invocations {
  /** What failed in `waitUntil`. */
  readonly failures: BackgroundFailure[] = [];
  readonly #scope = new AsyncLocalStorage<Scope>();

  /** Does work in the name of a function that is being loaded: it has no operations. */
  loading<T>(name: string, work: () => Promise<T>): Promise<T> {
    const caller = { ...TEST, function: name, loading: true };
    return this.#scope.run({ caller }, work);
  }

  /** Whether a function runs or is loaded now, rather than the test. */
  inFunction(): boolean {
    return this.#scope.getStore() !== undefined;
  }

  /** One operation of the function that runs now, or of the test. */
  async operate(op: string, work: (caller: Caller) => Completion | Promise<Completion>): Promise<Completion> {
    // A real operation never completes in the same turn.
    await new Promise((resolve) => setImmediate(resolve));
    const { caller, run } = this.#scope.getStore() ?? { caller: TEST, run: undefined };
    if (caller.loading) {
      const message = `${op} is not available while the module is loaded; call it inside a handler`;
      throw failure("UNAVAILABLE_DURING_LOAD", message);
    }
    return run === undefined ? await work(caller) : await run.operate(() => work(caller));
  }

  /** Invokes a function. Resolves when what `waitUntil` was given is done too; throws what the handler threw. */
  async invoke<T>(mounted: MountedFunction, about: About, handle: Handle<T>): Promise<T> {
    const { concurrency } = mounted.limits;
    if (mounted.running >= concurrency) {
      const { status, code, members } = exceeded("loadShed", 503, "concurrency", mounted);
      throw new Problem(status, code, `${mounted.name} runs ${concurrency} invocations already`, { ...members });
    }
    mounted.running += 1;
    const account: Account = { operations: 0, reruns: 0 };
    // A rerun is the same request.
    const event = { requestId: randomUUID().replaceAll("-", ""), traceparent: newTraceparent(), ...about };
    let run = new Run(account, mounted);
    const late = setTimeout(() => {
      run.end(exceeded("exceededWallTime", 504, "wallMs", mounted));
    }, mounted.limits.wallMs);
    late.unref();
    try {
      for (;;) {
        try {
          return await this.#run(run, mounted, event, handle);
        } catch (error) {
          if (error !== LOST) throw error;
          account.reruns += 1;
          run = new Run(account, mounted);
        }
      }
    } finally {
      clearTimeout(late);
      mounted.running -= 1;
    }
  }

  async #run<T>(run: Run, mounted: MountedFunction, event: Event, handle: Handle<T>): Promise<T> {
    const module = await this.loading(mounted.name, () => mounted.load());
    const { depth = 0, turn = [], ...fields } = event;
    const ctx = this.#context(run, mounted, fields);
    const { traceparent } = event;
    const caller: Caller = { function: mounted.name, grants: mounted.grants, depth, traceparent, turn };
    return this.#scope.run({ caller, run }, async () => {
      try {
        return await Promise.race([run.ended, handle(module, ctx)]);
      } finally {
        run.replied();
        if (!run.over) await this.#settle(run, mounted.name);
      }
    });
  }

  #context(run: Run, mounted: MountedFunction, fields: Partial<Context> & Named): Context {
    return {
      waitUntil: (promise) => {
        const settled = Promise.resolve(promise);
        run.background.push(settled);
        settled.catch((error: unknown) => this.failures.push({ function: mounted.name, error }));
      },
      signal: new AbortController().signal,
      caller: null,
      mount: "",
      function: mounted.name,
      version: "test",
      env: mounted.env,
      ...fields,
    };
  }

  /** Waits for what `waitUntil` was given. A background promise may itself call waitUntil. */
  async #settle({ background, ended }: Run, name: string): Promise<void> {
    for (let done = 0; done < background.length;) {
      const open = background.slice(done);
      done += open.length;
      try {
        await Promise.race([ended, Promise.allSettled(open)]);
      } catch (error) {
        this.failures.push({ function: name, error });
        return;
      }
    }
  }
}

/** A new trace context (W3C). */
function newTraceparent(): string {
  return `00-${randomBytes(16).toString("hex")}-${randomBytes(8).toString("hex")}-01`;
}
