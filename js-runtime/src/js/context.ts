// `ctx`, the third argument of every handler. One heap serves one invocation: its context is made with the engine and filled in later.
import { type AbortController, makeAbortController } from "../web/abort/abort.js";
import type { BatchEvent, HttpEvent, TopicEvent } from "./abi.js";
import { current } from "./event.js";
import { about, env } from "./function.js";
import { waitFor } from "./invocation.js";
import { parse } from "./primordials.js";

type EventHead = Partial<HttpEvent & TopicEvent & BatchEvent>;

/** Null until a handler asks for a part of the head. */
let parsed: EventHead | null = null;
let controller: AbortController | null = null;

const part = <K extends keyof EventHead>(name: K): EventHead[K] => (parsed ??= parse(current.head) as EventHead)[name];

/** Aborts `ctx.signal`. */
export const abortContext = (reason: unknown): void => {
  (controller ??= makeAbortController()).abort(reason);
};

/** Reading `#brand` throws for an object of another kind, as Web IDL wants of every attribute. */
export class Context {
  #brand = true;
  get requestId() {
    void this.#brand;
    return part("requestId");
  }
  get traceparent() {
    void this.#brand;
    return part("traceparent") ?? null;
  }
  get caller() {
    void this.#brand;
    return part("caller") ?? null;
  }
  get mount() {
    void this.#brand;
    return part("mount") ?? "";
  }
  get attempt() {
    void this.#brand;
    return part("attempt");
  }
  get attempts() {
    void this.#brand;
    return part("attempts");
  }
  get pubsub() {
    void this.#brand;
    return part("pubsub");
  }
  get topic() {
    void this.#brand;
    return part("topic");
  }
  get route() {
    void this.#brand;
    return part("route");
  }
  get function() {
    void this.#brand;
    return about.name;
  }
  get version() {
    void this.#brand;
    return about.version;
  }
  get env() {
    void this.#brand;
    return env;
  }
  get signal() {
    void this.#brand;
    return (controller ??= makeAbortController()).signal;
  }
  /** Nothing is behind a function that could answer in its place: a failure is answered as any other. */
  passThroughOnException(): void {
    void this.#brand;
  }
  waitUntil(promise: unknown): void {
    void this.#brand;
    waitFor(promise);
  }
}
for (const name of Object.getOwnPropertyNames(Context.prototype)) {
  if (name !== "constructor") Object.defineProperty(Context.prototype, name, { enumerable: true });
}

export const context = new Context();
