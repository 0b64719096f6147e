// The types of a function's exports. Types only: this file leaves nothing in the guest.

/** Third argument of every handler; also how a handler reaches past its own return. */
export interface Context {
  /** Keeps the invocation alive until the promise settles; the answer does not wait for it. */
  waitUntil(promise: Promise<unknown>): void;
  /** Does nothing, for code from Cloudflare Workers: nothing is behind a function that could answer in its place. */
  passThroughOnException(): void;
  /** Aborts when the caller has gone or the time is up. */
  readonly signal: AbortSignal;
  /** The id in the log and in the `x-request-id` response header. */
  readonly requestId: string;
  /** W3C trace context of this invocation; null if the caller sent none. */
  readonly traceparent: string | null;
  /** App-id of the calling Dapr application; null if no trusted source states it. */
  readonly caller: string | null;
  /**
   * The path that led here on an origin that functions share, such as `/hello`; empty on an origin of the function's own and for
   * events other than requests. `request.url` does not contain it, so a link from the root is `ctx.mount + "/path"`.
   */
  readonly mount: string;
  /** The function's name. */
  readonly function: string;
  /** The function's version. */
  readonly version: string;
  /** The same object as the second argument of the handler. */
  readonly env: Env;
  /** In a message handler: 1 for the first delivery, one more with each retry; 0 if the broker does not report it. */
  readonly attempt?: number;
  /** In the handler of batches: as `attempt`, for each event. */
  readonly attempts?: readonly number[];
  /** In a message handler: the component that delivered the event. */
  readonly pubsub?: string;
  /** In a message handler: the topic subscribed to. It differs from `event.topic` for a dead letter. */
  readonly topic?: string;
  /** In a message handler: the `path` of the routing rule that held. */
  readonly route?: string;
}

/** What `env` of the upload holds. */
export type Env = Readonly<Record<string, string>>;

/** What an HTTP handler may return, at once or as a promise: a Response, text, bytes, nothing or null for 204, anything else is sent as JSON. */
export type FetchResult = unknown;

/** `export default { fetch }`, a default function, or `export function GET`. */
export type FetchHandler = (request: Request, env: Env, ctx: Context) => FetchResult;

/** A CloudEvent 1.0 as Dapr delivers it. `data` is parsed for JSON, a string for other text. */
export interface CloudEvent<T = unknown> {
  id: string;
  source: string;
  type: string;
  specversion: string;
  datacontenttype?: string;
  subject?: string;
  time?: string;
  topic: string;
  pubsubname: string;
  traceid?: string;
  traceparent?: string;
  tracestate?: string;
  expiration?: string;
  data: T;
  /** In place of `data` for binary content. */
  data_base64?: string;
  [extension: string]: unknown;
}

/** `undefined` and `SUCCESS` acknowledge; `RETRY` (and a throw) ask for another delivery; `DROP` gives up at once. */
export type MessageResult = undefined | "SUCCESS" | "RETRY" | "DROP";

/** `export function message` or `export default { message }`: called for each event of the module's `subscriptions`. */
export type MessageHandler<T = unknown> = (
  event: CloudEvent<T>,
  env: Env,
  ctx: Context,
) => MessageResult | void | Promise<MessageResult> | Promise<void>;

/**
 * As for a single message, for the whole batch; or an array with the outcome of each event, in their order. A missing or
 * unknown outcome counts as `RETRY`.
 */
export type BatchResult = MessageResult | readonly ("SUCCESS" | "RETRY" | "DROP")[];

/** `export function messages` or `export default { messages }`: called with batches of the subscriptions that have `bulkSubscribe`. */
export type BatchHandler<T = unknown> = (
  events: CloudEvent<T>[],
  env: Env,
  ctx: Context,
) => BatchResult | void | Promise<BatchResult> | Promise<void>;

/** A job that is due. */
export interface JobEvent<T = unknown> {
  /** The job's name. */
  name: string;
  data: T;
  /** When it was to run, RFC 3339. */
  scheduledTime: string;
}

/** `export function job` or `export default { job }`: called when a job of the function is due. A throw asks for another try. */
export type JobHandler<T = unknown> = (
  event: JobEvent<T>,
  env: Env,
  ctx: Context,
) => MessageResult | void | Promise<MessageResult> | Promise<void>;

/** What the handler `scheduled` is given, as on Cloudflare Workers. */
export interface ScheduledController {
  readonly type: "scheduled";
  /** The schedule's text; empty for a job that no schedule declares. */
  readonly cron: string;
  /** When it was to run, milliseconds since the Unix epoch. */
  readonly scheduledTime: number;
  /** The job's name and data. */
  readonly name: string;
  readonly data: unknown;
  /** A failure is not tried again. */
  noRetry(): void;
}

/**
 * `export function scheduled` or `export default { scheduled }`: called in place of `job` for the jobs that `schedules` declares; for
 * every job where there is no `job`. A throw asks for another try, unless `noRetry` was called.
 */
export type ScheduledHandler = (controller: ScheduledController, env: Env, ctx: Context) => unknown;

/** One entry of `export const schedules = [...]`: a job that exists as long as the function; a string is short for `{ schedule }`. */
export interface Schedule {
  /** Cron with six fields, `@every 1h30m`, `@daily`, … */
  schedule: string;
  /** The job's name; the schedule itself when absent. */
  name?: string;
  data?: unknown;
}

/** What came from an input binding. */
export interface BindingEvent<T = unknown> {
  /** The binding's name, one of `export const bindings = [...]`. */
  name: string;
  /** Parsed for JSON, a string for other text, null for an empty body. */
  data: T;
  /** In place of `data` for binary content. */
  data_base64?: string;
  /** The binding's own names and values; names in lower case. */
  metadata: Record<string, string>;
}

/** `export function binding` or `export default { binding }`: called for the module's `bindings`. A throw asks for another try, if the binding has one. */
export type BindingHandler<T = unknown> = (event: BindingEvent<T>, env: Env, ctx: Context) => unknown;

/** Items of a configuration store that have changed. */
export interface ConfigurationChange {
  store: string;
  /** By key; one that was removed has neither value nor version. */
  items: Record<string, { value?: string; version?: string; metadata: Record<string, string> }>;
}

/** `export default { configuration }`: called when an item of the module's `export const configuration = [...]` has changed. */
export type ConfigurationHandler = (
  change: ConfigurationChange,
  env: Env,
  ctx: Context,
) => MessageResult | void | Promise<MessageResult> | Promise<void>;

/** One entry of `export const configuration = [...]`. */
export interface ConfigurationWatch {
  /** `configstore` when absent. */
  store?: string;
  /** All that the store has when absent or empty. */
  keys?: string[];
}

/** How often and how soon a failed delivery is retried; the names are those of Dapr's resiliency policies. */
export interface RetryPolicy {
  /** `exponential` when absent. */
  policy?: "constant" | "exponential";
  /** First (or constant) pause, milliseconds. */
  durationMs?: number;
  /** Longest pause, milliseconds. */
  maxIntervalMs?: number;
  /** Retries after the first attempt; -1: without end. */
  maxRetries?: number;
}

/** One entry of `export const subscriptions = [...]`; a string there is short for `{ topic }`. */
export interface Subscription {
  topic: string;
  /** Pub/sub component; `pubsub` when absent. */
  pubsub?: string;
  /** Where a message goes that was dropped or failed for good. */
  deadLetterTopic?: string;
  retry?: RetryPolicy;
  /** Deliver bodies as they were published, without the CloudEvent wrapping. */
  rawPayload?: boolean;
  /** Which events the handler is called for; `ctx.route` holds the matching rule's path. An event without a matching rule is dropped, unless there is a default. */
  routes?: { rules?: RoutingRule[]; default?: string };
  /** Deliver to `messages` in batches, and not to `message` one by one; `true` is short for `{}`. */
  bulkSubscribe?: boolean | BulkSubscribe;
}

/** How batches are gathered; the names and defaults are Dapr's. */
export interface BulkSubscribe {
  /** false: messages come one by one. */
  enabled?: boolean;
  /** Events that one batch has at most, 1 to 1000; 100 when absent. */
  maxMessagesCount?: number;
  /** How long the first event of a batch waits for more, 1 to 60000 milliseconds; 1000 when absent. */
  maxAwaitDurationMs?: number;
}

/** One rule of `routes`; the first that holds decides. */
export interface RoutingRule {
  /** A condition in CEL over `event`, such as `event.type == "order.created"`; absent: every event. */
  match?: string;
  /** What `ctx.route` then is. */
  path: string;
}

/** Form of `export default { … }`, for `satisfies Handlers`. */
export interface Handlers {
  fetch?: FetchHandler;
  message?: MessageHandler<never>;
  messages?: BatchHandler<never>;
  job?: JobHandler<never>;
  scheduled?: ScheduledHandler;
  binding?: BindingHandler<never>;
  configuration?: ConfigurationHandler;
}
