// The globals of a function that TypeScript's library for workers does not have, or has in another form.

/** Events of the global object, beside those that a library dispatches itself. */
interface GlobalEventMap {
  error: ErrorEvent;
  unhandledrejection: PromiseRejectionEvent;
  rejectionhandled: PromiseRejectionEvent;
  fetch: FetchEvent;
  scheduled: ScheduledEvent;
}
declare function addEventListener<K extends keyof GlobalEventMap>(
  type: K,
  listener: (this: typeof globalThis, event: GlobalEventMap[K]) => unknown,
  options?: boolean | AddEventListenerOptions,
): void;
declare function addEventListener(
  type: string,
  listener: EventListenerOrEventListenerObject | null,
  options?: boolean | AddEventListenerOptions,
): void;
declare function removeEventListener<K extends keyof GlobalEventMap>(
  type: K,
  listener: (this: typeof globalThis, event: GlobalEventMap[K]) => unknown,
  options?: boolean | EventListenerOptions,
): void;
declare function removeEventListener(
  type: string,
  listener: EventListenerOrEventListenerObject | null,
  options?: boolean | EventListenerOptions,
): void;
declare function dispatchEvent(event: Event): boolean;
declare var onerror:
  ((message: string, filename: string, lineno: number, colno: number, error: unknown) => unknown) | null;
declare var onunhandledrejection: ((event: PromiseRejectionEvent) => unknown) | null;
declare var onrejectionhandled: ((event: PromiseRejectionEvent) => unknown) | null;
declare var self: typeof globalThis;

/** Strings are not evaluated: a handler is a function. */
declare function setTimeout<A extends unknown[]>(
  handler: (...args: A) => unknown,
  timeout?: number,
  ...args: A
): number;
declare function setInterval<A extends unknown[]>(
  handler: (...args: A) => unknown,
  timeout?: number,
  ...args: A
): number;
declare function clearTimeout(id?: number): void;
declare function clearInterval(id?: number): void;
/** Calls back when nothing else is to be done; it needs no operation. */
declare function setImmediate<A extends unknown[]>(handler: (...args: A) => unknown, ...args: A): number;
declare function clearImmediate(id?: number): void;

interface Scheduler {
  /** Resolves after a time; rejects with the signal's reason when that aborts. */
  wait(delay: number, options?: { signal?: AbortSignal }): Promise<void>;
}
declare var Scheduler: { prototype: Scheduler };
declare var scheduler: Scheduler;

interface Navigator {
  /** `Daplet/` and the version. */
  readonly userAgent: string;
}
declare var Navigator: { prototype: Navigator };
declare var navigator: Navigator;

interface FetchEvent extends ExtendableEvent {
  readonly request: Request;
  /** The answer: a Response or whatever else a handler may return, or a promise of it. */
  respondWith(answer: unknown): void;
  /** Does nothing: there is no origin server behind a function. */
  passThroughOnException(): void;
}
declare var FetchEvent: {
  prototype: FetchEvent;
  new (type: string, init: EventInit & { request: Request }): FetchEvent;
};

interface ScheduledEvent extends ExtendableEvent {
  /** The schedule's text; empty for a job that no schedule declares. */
  readonly cron: string;
  /** When it was to run, milliseconds since the Unix epoch. */
  readonly scheduledTime: number;
  /** A failure is not tried again. */
  noRetry(): void;
}
declare var ScheduledEvent: { prototype: ScheduledEvent };
