// A function's module as the host sees it: which export handles what, and what becomes of its return value.
import type {
  BatchHandler,
  BindingHandler,
  ConfigurationHandler,
  ConfigurationWatch,
  Context,
  Env,
  FetchHandler,
  Handlers,
  JobHandler,
  MessageHandler,
  Schedule,
  Subscription,
} from "../events.js";
import { type Actor, TURN, type Turn } from "../actors.js";
import { batchSize } from "./delivery.js";
import type { Grants } from "./grants.js";

/** What `import * as module from "./function.js"` gives. */
export interface FunctionModule {
  default?: unknown;
  message?: unknown;
  messages?: unknown;
  subscriptions?: unknown;
  job?: unknown;
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

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

/** Handlers found in a module's exports. */
export class MountedFunction {
  readonly name: string;
  readonly env: Env;
  readonly grants: Grants;
  readonly subscriptions: readonly Subscription[];
  readonly schedules: readonly Schedule[];
  readonly #fetch: FetchHandler | undefined;
  readonly #methods = new Map<string, FetchHandler>();
  readonly #message: MessageHandler | undefined;
  readonly #messages: BatchHandler | undefined;
  /** Input bindings. */
  readonly bindings: readonly string[];
  readonly watches: readonly Required<ConfigurationWatch>[];
  readonly #job: JobHandler | undefined;
  readonly #binding: BindingHandler | undefined;
  readonly #configuration: ConfigurationHandler | undefined;
  /** By their types. */
  readonly actors = new Map<string, ActorClass>();

  constructor(name: string, module: FunctionModule, env: Env, grants: Grants) {
    this.name = name;
    this.env = env;
    this.grants = grants;
    const main = module.default;
    const handlers = (typeof main === "object" && main !== null ? main : {}) as Handlers;
    this.#fetch = typeof main === "function" ? (main as FetchHandler) : handlers.fetch?.bind(handlers);
    this.#message = (handlers.message?.bind(handlers) ?? module.message) as MessageHandler | undefined;
    this.#messages = (handlers.messages?.bind(handlers) ?? module.messages) as BatchHandler | undefined;
    this.#job = (handlers.job?.bind(handlers) ?? module.job) as JobHandler | undefined;
    this.#binding = (handlers.binding?.bind(handlers) ?? module.binding) as BindingHandler | undefined;
    const { configuration } = module;
    const own = typeof configuration === "function" ? (configuration as ConfigurationHandler) : undefined;
    this.#configuration = handlers.configuration?.bind(handlers) ?? own;
    for (const method of METHODS) {
      const handler = module[method];
      if (typeof handler === "function") this.#methods.set(method, handler as FetchHandler);
    }
    for (const [type, value] of Object.entries(module)) {
      if (typeof value === "function" && TURN in value) this.actors.set(type, value as unknown as ActorClass);
    }
    const handles = this.#fetch ?? this.#message ?? this.#messages ?? this.#job ?? this.#binding ?? this.#configuration;
    if (!handles && this.#methods.size + this.actors.size === 0) {
      throw new TypeError(
        `mount: module "${name}" exports no handler: no default, no message, no messages, no job, no GET, POST, …`,
      );
    }
    if (this.#fetch !== undefined && this.#methods.size > 0) {
      const [method = ""] = this.#methods.keys();
      throw new TypeError(`mount: module "${name}" exports a default handler and "${method}"; one of them must go`);
    }
    const subscriptions = (module.subscriptions ?? []) as (Subscription | string)[];
    this.subscriptions = subscriptions.map((entry) => (typeof entry === "string" ? { topic: entry } : entry));
    const [single, bulk] = [false, true].map((wanted) =>
      this.subscriptions.some((subscription) => (batchSize(subscription) !== undefined) === wanted),
    );
    if (single && this.#message === undefined) {
      throw new TypeError(`mount: module "${name}" has subscriptions but no message handler`);
    }
    if (bulk && this.#messages === undefined) {
      throw new TypeError(`mount: module "${name}" has a subscription with bulkSubscribe but no messages handler`);
    }
    if (!bulk && this.#messages !== undefined) {
      throw new TypeError(`mount: module "${name}" has a messages handler but no subscription with bulkSubscribe`);
    }
    const schedules = (module.schedules ?? []) as (Schedule | string)[];
    this.schedules = schedules.map((entry) => (typeof entry === "string" ? { schedule: entry } : entry));
    if (this.schedules.length > 0 && this.#job === undefined) {
      throw new TypeError(`mount: module "${name}" has schedules but no job handler`);
    }
    this.bindings = (module.bindings ?? []) as string[];
    if (this.bindings.length > 0 && this.#binding === undefined) {
      throw new TypeError(`mount: module "${name}" has bindings but no binding handler`);
    }
    const watched = (own === undefined ? (configuration ?? []) : []) as ConfigurationWatch[];
    this.watches = watched.map(({ store = "configstore", keys = [] }) => ({ store, keys }));
    if (this.watches.length > 0 && this.#configuration === undefined) {
      throw new TypeError(`mount: module "${name}" watches configuration but has no handler for it`);
    }
  }

  /** Answers a request as the host would; what the handler throws comes through. */
  async fetch(request: Request, ctx: Context): Promise<Response> {
    const own = this.#methods.get(request.method);
    const handler = own ?? (request.method === "HEAD" ? this.#methods.get("GET") : undefined) ?? this.#fetch;
    if (handler === undefined) {
      if (this.#methods.size === 0) {
        throw new TypeError(`${this.name} exports no handler for requests, only handlers of other events`);
      }
      return new Response(null, { status: 405, headers: { allow: [...this.#methods.keys()].join(", ") } });
    }
    const response = toResponse(await handler(request, this.env, ctx));
    return request.method === "HEAD" ? new Response(null, response) : response;
  }

  /** Hands an event to the message handler and returns its word; `{ status }` is another way to say it. */
  async message(event: Parameters<MessageHandler>[0], ctx: Context): Promise<unknown> {
    return word(await this.#message?.(event, this.env, ctx));
  }

  /** Hands a batch to its handler and returns its word, or the words for each event. */
  async messages(events: Parameters<BatchHandler>[0], ctx: Context): Promise<unknown> {
    const answer = await this.#messages?.(events, this.env, ctx);
    return Array.isArray(answer) ? answer : word(answer);
  }

  /** Hands what came from an input binding to its handler; what that returned goes back to the binding. */
  async binding(event: Parameters<BindingHandler>[0], ctx: Context): Promise<unknown> {
    return await this.#binding?.(event, this.env, ctx);
  }

  /** Tells of items that have changed. */
  async configuration(change: Parameters<ConfigurationHandler>[0], ctx: Context): Promise<unknown> {
    return word(await this.#configuration?.(change, this.env, ctx));
  }

  /** Hands a job that is due to the job handler and returns its word. */
  async job(event: Parameters<JobHandler>[0], ctx: Context): Promise<unknown> {
    if (this.#job === undefined) throw new TypeError(`${this.name} exports no handler for jobs`);
    return word(await this.#job(event, this.env, ctx));
  }
}

function word(answer: unknown): unknown {
  return typeof answer === "object" && answer !== null ? (answer as { status?: unknown }).status : answer;
}

function toResponse(value: unknown): Response {
  if (value instanceof Response) return value;
  if (value === undefined || value === null) return new Response(null, { status: 204 });
  if (typeof value === "string") return new Response(value);
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    return new Response(value as ArrayBuffer, { headers: { "content-type": "application/octet-stream" } });
  }
  if (typeof value === "object" || typeof value === "number" || typeof value === "boolean") return Response.json(value);
  throw new TypeError(
    `the handler returned a ${typeof value}; return a Response, a string, an object, bytes or nothing`,
  );
}
