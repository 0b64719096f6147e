// The double itself: functions that are mounted, what a test sends them, and what it sees of what they did.
import { pathToFileURL } from "node:url";
import { install, type Transport } from "../internal/call.js";
import type { Job } from "../jobs.js";
import type { Reminder, Timer } from "../reminders.js";
import type { ActorId } from "./actor-id.js";
import { FakeActors } from "./actors.js";
import { APP_ID, FakeApps, type OwnRequest } from "./apps.js";
import { FakeBroker, type Message } from "./broker.js";
import type { Caller } from "./caller.js";
import { FakeClock } from "./clock.js";
import { FakeConfigurations } from "./configuration.js";
import type { Delivery } from "./delivery.js";
import { bring, due, subscribersOf, takeTurn, tell } from "./events.js";
import { installFetch } from "./fetch.js";
import { type MountOptions, MountedFunction } from "./function.js";
import { type BackgroundFailure, Invocations } from "./invocations.js";
import { FakeJobs } from "./jobs.js";
import { FakeLocks } from "./lock.js";
import type { FunctionModule } from "./module.js";
import { transport } from "./operations.js";
import type { FakeOptions } from "./options.js";
import { problemResponse } from "./problem.js";
import { Meter } from "./quotas.js";
import { Registry } from "./registry.js";
import { answer, noFunction, targetOf } from "./requests.js";
import { FakeState } from "./state.js";

/** Tells evaluations of one module apart, in the whole process. */
let evaluations = 0;

export class FakeDaplet {
  readonly clock: FakeClock;
  readonly #invocations = new Invocations();
  readonly #state: FakeState;
  readonly #broker: FakeBroker;
  readonly #configuration: FakeConfigurations;
  readonly #jobs: FakeJobs;
  readonly #actors: FakeActors;
  readonly #functions = new Registry();
  readonly #previous: Transport | undefined;
  readonly #restoreFetch: () => void;

  constructor(options: FakeOptions = {}) {
    const quotas = options.quotas ?? {};
    this.clock = new FakeClock((options.now ?? new Date()).getTime());
    this.#broker = new FakeBroker(options.pubsubs ?? ["pubsub"], this.clock, quotas);
    const meter = new Meter("state", quotas);
    this.#state = new FakeState(options.stores ?? ["statestore"], this.clock, meter, this.#broker);
    this.#configuration = new FakeConfigurations(options.configuration ?? { configstore: {} });
    this.#jobs = new FakeJobs(this.clock, quotas);
    const turns = {
      run: (actor: ActorId, method: string, data: unknown, caller?: Caller) => this.#turn(actor, method, data, caller),
      owner: (type: string) => this.#functions.owner(type)?.name,
    };
    this.#actors = new FakeActors(turns, this.clock, quotas, meter);
    const blocks = {
      state: this.#state,
      broker: this.#broker,
      secrets: options.secrets ?? { secretstore: {} },
      configuration: this.#configuration,
      apps: new FakeApps(options.apps ?? {}, (request) => this.#own(request)),
      bindings: options.bindings ?? {},
      locks: new FakeLocks(options.locks ?? ["lockstore"], this.clock, this.#functions),
      cryptography: options.cryptography ?? ["cryptostore"],
      jobs: this.#jobs,
      actors: this.#actors,
    };
    this.#previous = install(transport(this.#invocations, blocks));
    this.#restoreFetch = installFetch(this.#invocations, options.hosts ?? {});
  }

  /** What failed in `waitUntil`. */
  get failures(): BackgroundFailure[] {
    return this.#invocations.failures;
  }

  /** Everything published so far, dead letters included, in order. */
  get published(): readonly Message[] {
    return this.#broker.published;
  }

  /**
   * Adds a function under a name; its subscriptions hold from now on. Throws what the host would refuse the upload with.
   * The module has been evaluated once: its variables keep what calls write into them. `upload` gives each call a fresh module.
   */
  mount(name: string, module: FunctionModule, options: MountOptions = {}): this {
    const mounted = new MountedFunction(name, () => module, options);
    this.#add(mounted, module);
    return this;
  }

  /**
   * Adds a function by its file, which is evaluated again for each invocation, as the host starts each from a pristine heap:
   * `await daplet.upload("orders", new URL("./orders.js", import.meta.url))`. Rejects with what the host would refuse, or with
   * what the module throws.
   */
  async upload(name: string, file: URL | string, options: MountOptions = {}): Promise<this> {
    const url = file instanceof URL ? file : pathToFileURL(file);
    const evaluate = async () => {
      const one = new URL(url);
      one.searchParams.set("evaluation", String(++evaluations));
      return (await import(one.href)) as FunctionModule;
    };
    const mounted = new MountedFunction(name, evaluate, options);
    this.#add(mounted, await this.#invocations.loading(name, evaluate));
    return this;
  }

  /**
   * Calls a mounted function as `fetch("http://…/{function}/{path}")` would; the function sees `/{path}`, and `/{function}` as
   * `ctx.mount`. Resolves when `waitUntil` is done too.
   * What the handler throws is thrown here; see `request`.
   */
  async fetch(path: string, init?: RequestInit): Promise<Response> {
    const { pathname, search } = new URL(path, "http://localhost");
    const { name, mount, rest } = targetOf(pathname + search);
    const mounted = this.#functions.require("fetch", name);
    const request = new Request(`http://localhost${rest}`, init);
    return answer(this.#invocations, mounted, mount, request, { app: null, caller: undefined });
  }

  /** As `fetch`, but as a client sees it over HTTP: a failure is an answer with a problem in JSON. */
  async request(path: string, init?: RequestInit): Promise<Response> {
    const { name } = targetOf(new URL(path, "http://localhost").pathname);
    try {
      if (!this.#functions.has(name)) throw noFunction(name);
      return await this.fetch(path, init);
    } catch (error) {
      return problemResponse(error);
    }
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
  trigger(binding: string, data: unknown = null, metadata: Record<string, string> = {}): Promise<unknown[]> {
    return bring(this.#invocations, this.#functions.all(), { name: binding, data, metadata });
  }

  /** Sets an item of the configuration, or removes it, and tells the functions that watch it. What they throw is thrown here. */
  configure(key: string, value: string | undefined, store = "configstore"): Promise<void> {
    const item = this.#configuration.set(store, key, value);
    return tell(this.#invocations, this.#functions.all(), [store, key, item]);
  }

  /** Runs a job now, as if it were due. What the handler throws is thrown here; the host would try again, as after `RETRY`. */
  async runJob(name: string, job: string): Promise<void> {
    const mounted = this.#functions.require("runJob", name);
    const kept = this.#jobs.of(name).get(job);
    if (kept === undefined) {
      throw new Error(`runJob: ${name} has no job "${job}". Known: ${[...this.#jobs.of(name).keys()].join(", ")}`);
    }
    const scheduledTime = new Date(this.clock.now).toISOString();
    const said = await due(this.#invocations, mounted, { name: job, data: kept.job.data, scheduledTime });
    if (said !== "RETRY") this.#jobs.ended(name, job);
  }

  /** All live values of a store by their full keys: `f/{function}/{key}` and `s/{space}/{key}`. */
  stored(store = "statestore"): Map<string, unknown> {
    return this.#state.store(store).entries();
  }

  /** Takes the double out again; what was there before is back. */
  uninstall(): void {
    install(this.#previous);
    this.#restoreFetch();
  }

  #add(mounted: MountedFunction, module: FunctionModule): void {
    mounted.loaded(module);
    this.#functions.add(mounted);
    this.#broker.subscribe(mounted.name, subscribersOf(this.#invocations, mounted));
    this.#jobs.declare(mounted.name, mounted.declared.schedules);
  }

  async #turn(actor: ActorId, method: string, data: unknown, caller?: Caller): Promise<unknown> {
    const mounted = this.#functions.owner(actor.type);
    if (mounted === undefined) throw new Error(`no mounted function exports the actor "${actor.type}"`);
    return takeTurn(this.#invocations, mounted, actor, [method, data], caller);
  }

  /** A request that a function of this host makes to another one. */
  async #own({ method, path, headers, body, caller }: OwnRequest): Promise<Response> {
    const { name, mount, rest } = targetOf(path);
    try {
      const mounted = this.#functions.get(name);
      if (mounted === undefined) throw noFunction(name);
      const request = new Request(`http://localhost${rest}`, { method, headers, body });
      return await answer(this.#invocations, mounted, mount, request, { app: APP_ID, caller });
    } catch (error) {
      return problemResponse(error);
    }
  }
}

/** Puts a host in memory under the SDK. Each call starts empty and takes the place of the one before. */
export function fakeDaplet(options?: FakeOptions): FakeDaplet {
  return new FakeDaplet(options);
}
