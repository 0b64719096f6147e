// One evaluation of a function's module: which export handles what, and what becomes of what a handler returns.
import { type Actor, TURN, type Turn } from "../actors.js";
import type { BatchHandler, BindingHandler, ConfigurationHandler, Context, Env, FetchHandler } from "../events.js";
import type { JobEvent, JobHandler, MessageHandler, ScheduledController, ScheduledHandler } from "../events.js";
import { type Declarations, kind, readDeclarations, refuse } from "./declarations.js";
import { listening, listenersOf, runListeners } from "./listeners.js";
import { Problem } from "./problem.js";

/** What `import * as module from "./function.js"` gives. */
export interface FunctionModule {
  default?: unknown;
  message?: unknown;
  messages?: unknown;
  subscriptions?: unknown;
  job?: unknown;
  scheduled?: unknown;
  schedules?: unknown;
  binding?: unknown;
  bindings?: unknown;
  /** What is watched, or the handler itself. */
  configuration?: unknown;
  GET?: unknown;
  HEAD?: unknown;
  POST?: unknown;
  PUT?: unknown;
  PATCH?: unknown;
  DELETE?: unknown;
  OPTIONS?: unknown;
  /** Classes of actors, by their types. */
  [name: string]: unknown;
}

/** A class that extends Actor. */
interface ActorClass {
  [TURN](turn: Turn, method: string, data: unknown): Promise<unknown>;
  prototype: Actor;
}

const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"] as const;

/** Handlers of events other than requests. */
interface EventHandlers {
  message: MessageHandler;
  messages: BatchHandler;
  job: JobHandler;
  binding: BindingHandler;
  configuration: ConfigurationHandler;
}

type EventName = keyof EventHandlers;

const EVENTS: readonly EventName[] = ["message", "job", "binding", "configuration", "messages"];

const isActor = (value: unknown): value is ActorClass =>
  typeof value === "function" && typeof (value as unknown as Record<symbol, unknown>)[TURN] === "function";

/** Handlers found in a module's exports. */
export class LoadedModule {
  readonly name: string;
  /** What it exports, in the words of the developer. */
  readonly handlers: string[] = [];
  readonly declared: Declarations;
  /** By their types. */
  readonly actors = new Map<string, ActorClass>();
  /** Handlers are called as methods of what exports them. */
  #fetch: { fetch: FetchHandler } | undefined;
  readonly #methods = new Map<string, FetchHandler>();
  #scheduled: { scheduled: ScheduledHandler } | undefined;
  readonly #events: { [Name in EventName]?: Record<Name, EventHandlers[Name]> } = {};

  constructor(name: string, module: FunctionModule) {
    this.name = name;
    this.#readDefault(module.default);
    for (const method of METHODS) {
      const handler = module[method];
      if (handler === undefined) continue;
      if (typeof handler !== "function") refuse(`the export "${method}" must be a function, not ${kind(handler)}`);
      if (this.#fetch) refuse(`export either a default handler for requests or "${method}", not both`);
      this.#methods.set(method, handler as FetchHandler);
      this.handlers.push(method);
    }
    for (const event of EVENTS) {
      if (typeof module[event] === "function" && this.#events[event] === undefined) this.#take(event, module);
    }
    if (typeof module.scheduled === "function") this.#takeScheduled(module);
    this.#readListeners(module);
    for (const [type, value] of Object.entries(module)) {
      if (isActor(value)) this.actors.set(type, value);
    }
    if (this.handlers.length === 0 && this.actors.size === 0) {
      refuse(
        "the module exports no handler: write `export default { fetch(request, env, ctx) { … } }`, " +
          "or export a default function, or functions named GET, POST, …, or message, messages, job or scheduled, or classes that extend Actor",
      );
    }
    const handles = (event: string) =>
      this.#events[event as EventName] !== undefined || (event === "job" && this.#scheduled !== undefined);
    this.declared = readDeclarations(module, handles);
  }

  #readDefault(main: unknown): void {
    if (isActor(main)) {
      refuse("an actor's type is the name that its class is exported by: export it by name, not as the default");
    }
    if (typeof main === "function") {
      this.#fetch = { fetch: (request, env, ctx) => (main as FetchHandler)(request, env, ctx) };
      this.handlers.push("fetch");
    } else if (typeof main === "object" && main !== null) {
      const members = main as Record<string, unknown>;
      const has = (name: string) => {
        const value = members[name];
        if (value === undefined) return false;
        return typeof value === "function" || refuse(`the "${name}" handler must be a function, not ${kind(value)}`);
      };
      if (has("fetch")) {
        this.#fetch = main as { fetch: FetchHandler };
        this.handlers.push("fetch");
      }
      if (has("scheduled")) this.#takeScheduled(main);
      for (const event of EVENTS) if (has(event)) this.#take(event, main);
    } else if (main !== undefined) {
      const wanted = 'a function or an object with "fetch", "message" or "job"';
      refuse(`the default export must be ${wanted}, not ${kind(main)}`);
    }
  }

  #takeScheduled(owner: object): void {
    if (this.#scheduled !== undefined) return;
    this.#scheduled = owner as { scheduled: ScheduledHandler };
    this.handlers.push("scheduled");
  }

  #readListeners(module: FunctionModule): void {
    const requests = listenersOf(module, "fetch");
    if (requests !== undefined) {
      if (this.takesRequests) {
        refuse('answer requests either with an exported handler or with addEventListener("fetch", …), not both');
      }
      this.#fetch = listening(requests);
      this.handlers.push("fetch");
    }
    const jobs = listenersOf(module, "scheduled");
    if (jobs !== undefined) {
      this.#takeScheduled({ scheduled: (controller: ScheduledController) => runListeners(jobs, controller) });
    }
  }

  #take(event: EventName, owner: object): void {
    (this.#events as Record<string, object>)[event] = owner;
    this.handlers.push(event);
  }

  /** Whether it answers requests. */
  get takesRequests(): boolean {
    return this.#fetch !== undefined || this.#methods.size > 0;
  }

  /** Answers a request; what the handler throws comes through. */
  async fetch(request: Request, env: Env, ctx: Context): Promise<Response> {
    if (this.#fetch !== undefined) return toResponse(await this.#fetch.fetch(request, env, ctx));
    if (this.#methods.size === 0) throw this.#noHandler();
    const { method } = request;
    const handler = this.#methods.get(method) ?? (method === "HEAD" ? this.#methods.get("GET") : undefined);
    if (handler !== undefined) return toResponse(await handler(request, env, ctx));
    const answered = (name: string) => this.#methods.has(name) || (name === "HEAD" && this.#methods.has("GET"));
    const allow = METHODS.filter(answered).join(", ");
    return new Response(`${method} is not supported; allowed: ${allow}\n`, { status: 405, headers: { allow } });
  }

  /** Hands an event to its handler and returns what that returned. */
  async handle<Name extends EventName>(
    name: Name,
    event: Parameters<EventHandlers[Name]>[0],
    env: Env,
    ctx: Context,
  ): Promise<unknown> {
    const owner = this.#events[name] as Record<Name, (...args: unknown[]) => unknown> | undefined;
    if (owner === undefined) return refuse(`${this.name} has no "${name}" handler`);
    return await owner[name](event, env, ctx);
  }

  /** Hands a job that is due to `scheduled`, if it is declared or there is no `job`, else to `job`. */
  async job(event: JobEvent, env: Env, ctx: Context): Promise<unknown> {
    const declared = this.declared.schedules.find(({ name }) => name === event.name);
    if (this.#scheduled === undefined || (this.#events.job !== undefined && declared === undefined)) {
      return await this.handle("job", event, env, ctx);
    }
    const { name, data } = event;
    let retry = true;
    const noRetry = () => {
      retry = false;
    };
    const scheduledTime = Date.parse(event.scheduledTime);
    const cron = declared?.schedule ?? "";
    try {
      return await this.#scheduled.scheduled({ type: "scheduled", cron, scheduledTime, name, data, noRetry }, env, ctx);
    } catch (error) {
      if (retry) throw error;
      return "DROP";
    }
  }

  /** One turn of an actor. */
  turn(turn: Turn, method: string, data: unknown): Promise<unknown> {
    const actor = this.actors.get(turn.type);
    if (actor === undefined) return refuse(`${this.name} exports no actor "${turn.type}"`);
    return actor[TURN](turn, method, data);
  }

  #noHandler(): Problem {
    const named = (names: Iterable<string>) => [...names].map((name) => `\`${name}\``).join(", ");
    const has = this.handlers.length > 0 ? named(this.handlers) : `the actors ${named(this.actors.keys())}`;
    const wanted = "export `fetch`, or a function named as the method";
    const detail = `${this.name} has no handler for requests: it exports ${has}; ${wanted}`;
    return new Problem(404, "noHandler", detail);
  }
}

/** The word that a handler of events returned; `{ status }` is another way to say it. */
export function word(answer: unknown): unknown {
  const word = typeof answer === "object" && answer !== null ? (answer as { status?: unknown }).status : answer;
  return word === "RETRY" || word === "DROP" ? word : "SUCCESS";
}

function toResponse(value: unknown): Response {
  if (value instanceof Response) return value;
  if (value === undefined || value === null) return new Response(null, { status: 204 });
  if (typeof value === "string") return new Response(value);
  const bytes = { headers: { "content-type": "application/octet-stream" } };
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return new Response(value as ArrayBuffer, bytes);
  if (value instanceof ReadableStream) return new Response(value, bytes);
  if (typeof value === "object" || typeof value === "number" || typeof value === "boolean") {
    const json = JSON.stringify(value) as string | undefined;
    if (json === undefined) return refuse(`the handler returned ${kind(value)} that JSON cannot express`);
    return new Response(json, { headers: { "content-type": "application/json" } });
  }
  const wanted = "return a Response, a string, an object, bytes or nothing";
  return refuse(`the handler returned a ${typeof value}; ${wanted}`);
}
