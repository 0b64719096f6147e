// Generated from js-runtime/abi by scripts/generate-abi. Do not edit.

/** What the exported functions return. */
export const enum Status {
  /** Nothing is left to do; every frame has been written. */
  Done = 0,
  /** Operations are open; `resume` must be called with a completion. */
  Pending = 1,
  /** The function failed; a `Error` frame has been written. */
  JsError = 2,
}

/** First argument of `handle`. */
export const enum EventKind {
  /** `HttpEvent`; the body is the request body. */
  Http = 0,
  /** `TopicEvent`; the body is the CloudEvent as JSON. */
  Topic = 1,
  /** `PlainEvent`; the body is the job, which is due. */
  Job = 2,
  /** `PlainEvent`; the body is what an input binding brought. */
  Binding = 3,
  /** `PlainEvent`; the body is the configuration items that changed. */
  Configuration = 4,
  /** `ActorEvent`; the body is the method's argument as JSON, or empty. It is answered as a request is. */
  Actor = 5,
  /** `BatchEvent`; the body is an array of CloudEvents as JSON. */
  Messages = 6,
}

/** Severity of a console line. */
export const enum LogLevel {
  /** `console.debug`, `console.trace` */
  Debug = 0,
  /** `console.log`, `console.info` and the rest */
  Info = 1,
  /** `console.warn` */
  Warn = 2,
  /** `console.error`, a failed `console.assert`, an unhandled rejection */
  Error = 3,
}

/** How an invocation failed. */
export const enum ReplyCode {
  /** The function threw, rejected or returned something that is no answer. */
  Exception = "exception",
  /** More CPU time than `cpuMs`. */
  ExceededCpu = "exceededCpu",
  /** More heap than `memoryMb`. */
  ExceededMemory = "exceededMemory",
  /** More time on the clock than `wallMs`. */
  ExceededWallTime = "exceededWallTime",
  /** More operations than `operations`. */
  ExceededOperations = "exceededOperations",
  /** A response larger than `responseBytes`. */
  ExceededResponse = "exceededResponse",
  /** The promise that the handler returned can never settle: nothing is left that could settle it. */
  NeverSettled = "neverSettled",
  /** No function of that name. */
  ScriptNotFound = "scriptNotFound",
  /** The caller went away. */
  Canceled = "canceled",
  /** Too many requests at once. */
  LoadShed = "loadShed",
  /** A fault of the host. */
  InternalError = "internalError",
}

/** How an operation failed. */
export const enum OperationCode {
  /** An operation was submitted while the module's top level ran. */
  UnavailableDuringLoad = "UNAVAILABLE_DURING_LOAD",
  /** No capability serves that operation. */
  UnknownOperation = "UNKNOWN_OPERATION",
  /** Arguments are missing or of the wrong shape. */
  InvalidArgument = "INVALID_ARGUMENT",
  /** The function holds no grant for that. */
  PermissionDenied = "PERMISSION_DENIED",
  /** The ETag does not match, or first-write found a value. */
  EtagMismatch = "ETAG_MISMATCH",
  /**
   * Something that a unit of work read is no longer so, and the unit was not committed. Where the reply has not left,
   * the host runs the handler again; else, and when it has done so often enough, the guest hears of it.
   */
  UnitConflict = "UNIT_CONFLICT",
  /** The named store, broker or app does not exist. */
  NotFound = "NOT_FOUND",
  /** The sidecar or another service did not answer. */
  Unavailable = "UNAVAILABLE",
  /** There is to be a Dapr sidecar, and it does not answer. One word with what operators see (`/readyz`). */
  SidecarUnavailable = "sidecarUnavailable",
  /** The result is larger than the caller may take: half of the function's `memoryMb`. */
  ResultTooLarge = "RESULT_TOO_LARGE",
  /** The invocation has as many bodies open as it may (`open_resources`). */
  TooManyOpen = "TOO_MANY_OPEN",
  /** A query needs more of the host than a setting allows: time (`query_ms`), or memory to sort (`query_sort_mb`). */
  QueryTooLarge = "QUERY_TOO_LARGE",
  /** What was to be kept would exceed a quota; the details name it. One word with what HTTP answers. */
  QuotaExceeded = "quotaExceeded",
  /** A job of that name exists, and it may not be overwritten. */
  AlreadyExists = "ALREADY_EXISTS",
  /** An actor's turn called the actor itself. */
  ActorReentrant = "ACTOR_REENTRANT",
  /** A fault of the host. */
  Internal = "INTERNAL",
}

/** `Symbol.for` this is where a bundled copy of the SDK finds that primitive on the global object. */
export const HOST_SYMBOL = "daplet.host";

/** `Symbol.for` this is the static method of the SDK's class `Actor` that runs one turn. */
export const ACTOR_SYMBOL = "daplet.actor";

/** Head of the frame that `load` reads; the body is JavaScript (types already stripped), UTF-8, one ES module. */
export interface LoadRequest {
  /** The function's name; `ctx.function` in JavaScript. */
  name: string;
  /** The module's file name in stack frames, such as `hello.ts`. */
  file: string;
  /** The function's version, an opaque word; `ctx.version` in JavaScript. */
  version: string;
  /** `ctx.env` and the second argument of `fetch(request, env, ctx)`. */
  env: Record<string, string>;
  /** Heap that QuickJS may use, bytes: the function's `memoryMb`. */
  memoryBytes: number;
}

/** Head of the frame that `load` writes when it returns `Done`. */
export interface LoadReport {
  /** The handlers found in the module's exports, in the words of the developer: `fetch`, `message`, `GET`, `POST`, … */
  handlers: string[];
  /** The module's `subscriptions` export. */
  subscriptions: Subscription[];
  /** The module's `schedules` export. */
  schedules: Schedule[];
  /** Names of exported classes that extend `Actor`. */
  actors: string[];
  /** The module's `bindings` export: input bindings by their names. */
  bindings: string[];
  /** The module's `configuration` export. */
  configuration: Watch[];
}

/** One entry of `export const configuration = [...]`: items whose changes the handler is told. */
export interface Watch {
  /** Configuration store; `configstore` when the developer names none. */
  store: string;
  /** None: all that the store has. */
  keys: string[];
}

/** One entry of `export const schedules = [...]`: a job that there is as long as the function says so. */
export interface Schedule {
  /** The job's name. */
  name: string;
  /** When it runs, in the words of Dapr's jobs. */
  schedule: string;
  /** What the handler is given. */
  data?: unknown;
}

/** One entry of `export const subscriptions = [...]`, in the words of Dapr's programmatic subscriptions. */
export interface Subscription {
  /** Pub/sub component; `pubsub` when the developer names none. */
  pubsub: string;
  /** Topic name. */
  topic: string;
  /** Where a message goes that was dropped or failed for good. */
  deadLetterTopic?: string | undefined;
  /** Retry policy of the embedded broker; the sidecar has its own (resiliency). */
  retry?: RetryPolicy | undefined;
  /** Deliver bodies as they were published, without the CloudEvent wrapping. */
  rawPayload: boolean;
  /** Which events the handler is called for, and what it is told. */
  routes?: Routes | undefined;
  /** Deliver events in batches; none: one by one. */
  bulkSubscribe?: BulkSubscribe | undefined;
}

/** How batches are gathered, in the words of Dapr's programmatic subscriptions. */
export interface BulkSubscribe {
  /** Events that one batch has at most. */
  maxMessagesCount: number;
  /** How long the first event of a batch waits for more, milliseconds. */
  maxAwaitDurationMs: number;
}

/** Routing rules, in the words of Dapr's programmatic subscriptions. The path of the rule that held is `ctx.route`. */
export interface Routes {
  /** The first that holds decides. */
  rules: RoutingRule[];
  /** The path when none does; without one the event is given up. */
  default?: string | undefined;
}

/** One rule. */
export interface RoutingRule {
  /** A condition in CEL over the variable `event`; empty: always. */
  match: string;
  /** What `ctx.route` then is. */
  path: string;
}

/** How often and how soon a failed delivery is tried again; the names are those of Dapr's resiliency policies. */
export interface RetryPolicy {
  /** `constant` or `exponential` (the default). */
  policy?: string | undefined;
  /** First (or constant) pause, milliseconds. */
  durationMs?: number | undefined;
  /** Longest pause, milliseconds. */
  maxIntervalMs?: number | undefined;
  /** Retries after the first attempt; -1: without end. */
  maxRetries?: number | undefined;
}

/** Head for `Http`; the frame body is the request body. */
export interface HttpEvent {
  /** `ctx.requestId`; the same word in logs and in the `x-request-id` response header. */
  requestId: string;
  /** W3C trace context of this invocation; `ctx.traceparent`. */
  traceparent?: string | undefined;
  /** App-id of the Dapr application that calls, where that can be trusted; `ctx.caller`. */
  caller?: string | undefined;
  /** HTTP method as received. */
  method: string;
  /** Absolute URL with the origin that the client named; its path is the function's own. */
  url: string;
  /**
   * The path that led to the function on an origin that it shares, such as `/hello`; empty on an origin of its own;
   * `ctx.mount`.
   */
  mount: string;
  /** Header pairs in order; names in lower case; repeated names stay repeated. */
  headers: [string, string][];
  /**
   * The number of the request's body where it comes as a stream, by the operation `body.read`; the frame has no body
   * then.
   */
  stream?: number | undefined;
}

/**
 * Head for the kinds whose handler is given one value: `Job`, `Binding` and `Configuration`. The frame body is that
 * value as JSON.
 */
export interface PlainEvent {
  /** `ctx.requestId`. */
  requestId: string;
  /** W3C trace context of this invocation; `ctx.traceparent`. */
  traceparent?: string | undefined;
  /** `ctx.attempt`: 1 at first; counts up with each retry. 0 when unknown (sidecar). */
  attempt: number;
}

/** Head for `Actor`: one turn of one actor. The frame body is the method's argument as JSON, or empty. */
export interface ActorEvent {
  /** `ctx.requestId`. */
  requestId: string;
  /** W3C trace context of this turn; `ctx.traceparent`. */
  traceparent?: string | undefined;
  /** The actor's type: the name that its class is exported by. */
  type: string;
  /** The actor's id. */
  id: string;
  /** The method. */
  method: string;
}

/** Head for `Topic`; the frame body is the CloudEvent as JSON. */
export interface TopicEvent {
  /** `ctx.requestId`. */
  requestId: string;
  /** W3C trace context of this delivery; `ctx.traceparent`. */
  traceparent?: string | undefined;
  /** Component that delivered it. */
  pubsub: string;
  /** Topic that the function subscribed to. */
  topic: string;
  /** Path of the routing rule that held; `ctx.route`. */
  route?: string | undefined;
  /** 1 for the first delivery; counts up with each retry. 0 when unknown (sidecar). */
  attempt: number;
}

/** Head for `Messages`: a batch of a topic's events. The frame body is an array of CloudEvents as JSON. */
export interface BatchEvent {
  /** `ctx.requestId`. */
  requestId: string;
  /** W3C trace context of this invocation, which is new: each event has its own; `ctx.traceparent`. */
  traceparent?: string | undefined;
  /** Component that delivered them. */
  pubsub: string;
  /** Topic that the function subscribed to. */
  topic: string;
  /** Path of the routing rule that held for all of them; `ctx.route`. */
  route?: string | undefined;
  /** Of each event: 1 for its first delivery; counts up with each retry. 0 when unknown (sidecar). `ctx.attempts`. */
  attempts: number[];
}

/** Dapr's words for the outcome of a delivery. */
export type AckStatus = "SUCCESS" | "RETRY" | "DROP";

/** A failed operation. */
export interface OpError {
  /** See `codes`; Dapr's own `ERR_…` codes pass through unchanged. */
  code: string;
  /** For the developer: names the thing, the limit, the value and the setting. */
  message: string;
  /** Anything more, such as Dapr's `details`. */
  details?: unknown;
}
