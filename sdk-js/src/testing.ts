// `@daplet/sdk/testing`: a Daplet host in memory, for unit tests in Node.
import { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import type { Context, Env } from "./events.js";
import { type Body, type Completion, install, type Transport } from "./internal/call.js";
import { FakeActors } from "./testing/actors.js";
import { bytesOf, FakeBroker, type Message } from "./testing/broker.js";
import type { Delivery } from "./testing/delivery.js";
import { TURN } from "./actors.js";
import { FakeClock } from "./testing/clock.js";
import { type FakeConfiguration, runConfiguration } from "./testing/configuration.js";
import { runCryptography } from "./testing/cryptography.js";
import { failure } from "./testing/error.js";
import { allows, type Caller, type Grants, requireGrant } from "./testing/grants.js";
import type { Job } from "./jobs.js";
import type { Reminder, Timer } from "./reminders.js";
import { FakeJobs } from "./testing/jobs.js";
import { FakeLocks } from "./testing/lock.js";
import { type FunctionModule, MountedFunction } from "./testing/module.js";
import { type FakeSecrets, runSecrets } from "./testing/secrets.js";
import { completion, FakeState } from "./testing/state.js";

export type { Delivery, FakeClock, FakeConfiguration, FakeSecrets, FunctionModule, Grants, Message };

/** Another Dapr app, as a function of the request. */
export type FakeApp = (request: Request) => Response | Promise<Response>;

/** A binding: what it answers to an operation. Throw to fail. */
export type FakeBinding = (
  operation: string,
  data: Uint8Array,
  metadata: Record<string, string>,
) => BindingAnswer | Promise<BindingAnswer>;

export interface BindingAnswer {
  data?: string | Uint8Array;
  metadata?: Record<string, string>;
}

export interface FakeOptions {
  /** Where the clock stands at first; now when absent. */
  now?: Date;
  /** Names of the state stores; `["statestore"]` when absent. */
  stores?: readonly string[];
  /** Names of the pub/sub components; `["pubsub"]` when absent. */
  pubsubs?: readonly string[];
  /** Secrets by store and key; one store `secretstore` without secrets when absent. */
  secrets?: FakeSecrets;
  /** Configuration by store and key; one store `configstore` without items when absent. */
  configuration?: FakeConfiguration;
  /** Names of the lock stores; `["lockstore"]` when absent. */
  locks?: readonly string[];
  /** Names of the components for encryption; `["cryptostore"]` when absent. */
  cryptography?: readonly string[];
  /** Apps that `invoke(app)` reaches besides `daplet`, which is the mounted functions. */
  apps?: Record<string, FakeApp>;
  /** Output bindings by their names. */
  bindings?: Record<string, FakeBinding>;
}

export interface MountOptions {
  env?: Env;
  /** The grants of the upload. */
  grants?: Grants;
}

/** Something that failed where no caller could see it: a promise given to `waitUntil`. */
export interface BackgroundFailure {
  function: string;
  error: unknown;
}

const APP_ID = "daplet";
/** Who the test itself is when it uses the SDK outside of any function: it may reach everything. */
const TEST: Caller = { function: "test", grants: undefined };

export class FakeDaplet {
  readonly clock: FakeClock;
  /** What failed in `waitUntil`. */
  readonly failures: BackgroundFailure[] = [];
  readonly #state: FakeState;
  readonly #broker: FakeBroker;
  readonly #secrets: FakeSecrets;
  readonly #configuration: FakeConfiguration;
  readonly #apps: Record<string, FakeApp>;
  readonly #bindings: Record<string, FakeBinding>;
  readonly #locks: FakeLocks;
  readonly #cryptography: readonly string[];
  readonly #jobs = new FakeJobs();
  readonly #actors = new FakeActors((type, id, method, data) => this.#turn(type, id, method, data));
  readonly #functions = new Map<string, MountedFunction>();
  readonly #caller = new AsyncLocalStorage<Caller>();
  readonly #previous: Transport | undefined;

  constructor(options: FakeOptions = {}) {
    this.clock = new FakeClock((options.now ?? new Date()).getTime());
    this.#state = new FakeState(options.stores ?? ["statestore"], this.clock);
    this.#broker = new FakeBroker(options.pubsubs ?? ["pubsub"], this.clock);
    this.#secrets = options.secrets ?? { secretstore: {} };
    this.#configuration = options.configuration ?? { configstore: {} };
    this.#apps = options.apps ?? {};
    this.#bindings = options.bindings ?? {};
    this.#locks = new FakeLocks(options.locks ?? ["lockstore"], this.clock, this.#functions);
    this.#cryptography = options.cryptography ?? ["cryptostore"];
    this.#previous = install((op, args, body) => this.#run(op, args, body ?? null));
  }

  /** Everything published so far, dead letters included, in order. */
  get published(): readonly Message[] {
    return this.#broker.published;
  }

  /** Adds a function under a name; its subscriptions hold from now on. */
  mount(name: string, module: FunctionModule, options: MountOptions = {}): this {
    const mounted = new MountedFunction(name, module, options.env ?? {}, options.grants ?? {});
    this.#functions.set(name, mounted);
    for (const subscription of mounted.subscriptions) {
      this.#broker.subscribers.push({
        function: name,
        subscription,
        handle: (event, about) =>
          this.#invoke(mounted, event.traceparent ?? null, (ctx) => mounted.message(event, { ...ctx, ...about })),
        handleBatch: (events, about) =>
          this.#invoke(mounted, null, (ctx) => mounted.messages(events, { ...ctx, ...about })),
      });
    }
    for (const { name: job, ...rest } of mounted.schedules) {
      this.#jobs.of(name).set(job ?? rest.schedule, { job: rest, runs: 0 });
    }
    return this;
  }

  /**
   * Calls a mounted function as `fetch("http://…/{function}/{path}")` would; the function sees `/{path}`, and `/{function}` as
   * `ctx.mount`. Resolves when `waitUntil` is done too.
   * What the handler throws is thrown here; over HTTP it would be a 500.
   */
  async fetch(path: string, init?: RequestInit): Promise<Response> {
    const url = new URL(path, "http://localhost");
    const [, name = "", ...rest] = url.pathname.split("/");
    const mounted = this.#mounted("fetch", name);
    const mount = `/${name}`;
    const request = new Request(new URL(`${url.origin}/${rest.join("/")}${url.search}`), init);
    request.headers.set("x-forwarded-prefix", mount);
    const run = (ctx: Context) => mounted.fetch(request, { ...ctx, mount });
    return this.#invoke(mounted, request.headers.get("traceparent"), run);
  }

  /** Delivers what waits in the broker, in batches where a subscription says so, and what is published meanwhile; retries follow at once. */
  deliver(): Promise<Delivery[]> {
    return this.#broker.deliver();
  }

  /** The jobs that a function has, scheduled or declared, by their names. */
  jobs(name: string): Map<string, Job> {
    return new Map([...this.#jobs.of(name)].map(([job, kept]) => [job, kept.job]));
  }

  /** What an actor has written, by key. */
  actorState(type: string, id: string): Map<string, unknown> {
    return new Map([...this.#actors.of(`${type}/${id}`)].map(([key, json]) => [key, JSON.parse(json) as unknown]));
  }

  /** The reminders that an actor has set, by their names. */
  reminders(type: string, id: string): Map<string, Reminder> {
    return this.#actors.reminders(`${type}/${id}`);
  }

  /** The timers that an actor has started, by their names. */
  timers(type: string, id: string): Map<string, Timer> {
    return this.#actors.timers(`${type}/${id}`);
  }

  /** Calls an actor as if its reminder were due. What the method throws is thrown here; the host would try again. */
  fireReminder(type: string, id: string, name: string): Promise<void> {
    return this.#actors.fireReminder(type, id, name);
  }

  /** Calls an actor as if its timer were due. What the method throws is thrown here; the host would only log it. */
  fireTimer(type: string, id: string, name: string): Promise<void> {
    return this.#actors.fireTimer(type, id, name);
  }

  /** Brings an event by an input binding to the functions that declare it; what they returned, in the order of mounting. */
  async trigger(binding: string, data: unknown = null, metadata: Record<string, string> = {}): Promise<unknown[]> {
    const granted = ({ grants }: MountedFunction) => grants.inputs === undefined || allows(grants.inputs, binding);
    const receivers = [...this.#functions.values()].filter(
      (mounted) => mounted.bindings.includes(binding) && granted(mounted),
    );
    if (receivers.length === 0) throw new Error(`trigger: no mounted function declares the binding "${binding}"`);
    const event = { name: binding, data, metadata };
    return Promise.all(
      receivers.map((mounted) => this.#invoke(mounted, null, (ctx) => mounted.binding(structuredClone(event), ctx))),
    );
  }

  /** Sets an item of the configuration, or removes it, and tells the functions that watch it. */
  async configure(key: string, value: string | undefined, store = "configstore"): Promise<void> {
    const values = (this.#configuration[store] ??= {});
    if (value === undefined) Reflect.deleteProperty(values, key);
    else values[key] = value;
    const item = value === undefined ? {} : { value, version: "1" };
    for (const mounted of this.#functions.values()) {
      const watches = mounted.watches.some(
        (watch) => watch.store === store && (watch.keys.length === 0 || watch.keys.includes(key)),
      );
      const list = mounted.grants.configuration;
      if (!watches || (list !== undefined && !allows(list, `${store}/${key}`))) continue;
      const change = { store, items: { [key]: { ...item, metadata: {} } } };
      await this.#invoke(mounted, null, (ctx) => mounted.configuration(change, { ...ctx, attempt: 1 }));
    }
  }

  /** Runs a job now, as if it were due. What the handler throws is thrown here; the host would try again. */
  async runJob(name: string, job: string): Promise<void> {
    const mounted = this.#mounted("runJob", name);
    const kept = this.#jobs.of(name).get(job);
    if (kept === undefined) {
      throw new Error(`runJob: ${name} has no job "${job}". Known: ${[...this.#jobs.of(name).keys()].join(", ")}`);
    }
    const event = { name: job, data: kept.job.data, scheduledTime: new Date(this.clock.now).toISOString() };
    await this.#invoke(mounted, null, (ctx) => mounted.job(event, { ...ctx, attempt: 1 }));
    this.#jobs.ended(name, job);
  }

  /** All live values of a store by their full keys: `f/{function}/{key}` and `s/{space}/{key}`. */
  stored(store = "statestore"): Map<string, unknown> {
    return this.#state.store(store).entries();
  }

  /** Takes the double out again; what was there before is back. */
  uninstall(): void {
    install(this.#previous);
  }

  #mounted(where: string, name: string): MountedFunction {
    const mounted = this.#functions.get(name);
    if (mounted === undefined) {
      const known = [...this.#functions.keys()].join(", ");
      throw new Error(`${where}: no function "${name}" is mounted. Known: ${known}`);
    }
    return mounted;
  }

  async #invoke<T>(
    mounted: MountedFunction,
    traceparent: string | null,
    run: (ctx: Context) => Promise<T>,
    turn?: readonly string[],
  ): Promise<T> {
    const background: Promise<unknown>[] = [];
    const ctx: Context = {
      waitUntil: (promise) => {
        background.push(promise);
        promise.then(undefined, (error: unknown) => this.failures.push({ function: mounted.name, error }));
      },
      signal: new AbortController().signal,
      requestId: randomUUID(),
      traceparent,
      caller: null,
      mount: "",
      function: mounted.name,
      version: "test",
      env: mounted.env,
    };
    const caller: Caller = { function: mounted.name, grants: mounted.grants, ...(turn && { turn }) };
    return this.#caller.run(caller, async () => {
      try {
        return await run(ctx);
      } finally {
        // A background promise may itself call waitUntil.
        for (let done = 0; done < background.length;) {
          const open = background.slice(done);
          done += open.length;
          await Promise.allSettled(open);
        }
      }
    });
  }

  async #turn(type: string, id: string, method: string, data: unknown): Promise<unknown> {
    const mounted = [...this.#functions.values()].find((one) => one.actors.has(type));
    const actor = mounted?.actors.get(type);
    if (mounted === undefined || actor === undefined) {
      throw failure("ERR_ACTOR_NO_ADDRESS", `did not find address for actor '${type}': no function exports this type`);
    }
    const outer = this.#caller.getStore()?.turn ?? [];
    const run = (ctx: Context) => actor[TURN]({ type, id, env: mounted.env, ctx }, method, data);
    return this.#invoke(mounted, null, run, [`${type}/${id}`, ...outer]);
  }

  async #run(op: string, args: object, body: Body): Promise<Completion> {
    // A real operation never completes in the same turn.
    await new Promise((resolve) => setImmediate(resolve));
    const caller = this.#caller.getStore() ?? TEST;
    if (op.startsWith("state.")) return this.#state.run(op, caller, args as never, body, this.#broker);
    if (op.startsWith("pubsub.")) return this.#broker.run(op, caller, args as never, body);
    if (op.startsWith("secrets.")) return runSecrets(this.#secrets, op, caller, args as never);
    if (op.startsWith("configuration.")) {
      return runConfiguration(this.#configuration, op, caller, args as never);
    }
    if (op === "invoke.call") {
      requireGrant(caller, "apps", (args as InvokeArgs).app);
      return this.#call(args as InvokeArgs, body);
    }
    if (op.startsWith("lock.")) return this.#locks.run(op, caller, args as never);
    if (op.startsWith("actors.")) return this.#actors.run(op, caller, args as never, body as string);
    if (op.startsWith("jobs.")) return this.#jobs.run(op, caller, args as never);
    if (op.startsWith("crypto.")) return runCryptography(this.#cryptography, op, caller, args, body);
    if (op === "binding.invoke") return this.#bind(caller, args as never, body);
    throw failure("UNKNOWN_OPERATION", `no capability serves "${op}"`);
  }

  async #bind(caller: Caller, { name, operation, metadata }: BindingArgs, body: Body): Promise<Completion> {
    requireGrant(caller, "bindings", name);
    const binding = this.#bindings[name];
    if (binding === undefined) {
      const known = Object.keys(this.#bindings).join(", ");
      throw failure("NOT_FOUND", `binding: there is no "${name}". Known: ${known}`);
    }
    let answer: BindingAnswer;
    try {
      answer = await binding(operation, bytesOf(body), metadata);
    } catch (error) {
      throw failure("ERR_INVOKE_OUTPUT_BINDING", error instanceof Error ? error.message : String(error));
    }
    return completion({ metadata: answer.metadata ?? {} }, answer.data ?? "");
  }

  async #call({ app, method, path, headers }: InvokeArgs, body: Body): Promise<Completion> {
    const init = { method, headers, body: body as ArrayBuffer | null };
    const remote = this.#apps[app];
    let response: Response;
    if (remote !== undefined) {
      response = await remote(new Request(new URL(path, `http://${app}`), init));
    } else if (app === APP_ID) {
      response = await this.fetch(path, init).catch((error: unknown) => failed(error));
    } else {
      throw failure("NOT_FOUND", `invoke: there is no app "${app}". Give it to fakeDaplet({ apps: { … } })`);
    }
    const head = { status: response.status, statusText: response.statusText, headers: [...response.headers] };
    return completion(head, new Uint8Array(await response.arrayBuffer()));
  }
}

interface BindingArgs {
  name: string;
  operation: string;
  metadata: Record<string, string>;
}

interface InvokeArgs {
  app: string;
  method: string;
  path: string;
  headers: [string, string][];
}

/** What a function that threw looks like from another function. */
function failed(error: unknown): Response {
  const detail = error instanceof Error ? error.message : String(error);
  const problem = { title: "The function failed", status: 500, code: "exception", detail };
  return Response.json(problem, { status: 500, headers: { "content-type": "application/problem+json" } });
}

/** Puts a host in memory under the SDK. Each call starts empty and takes the place of the one before. */
export function fakeDaplet(options?: FakeOptions): FakeDaplet {
  return new FakeDaplet(options);
}
