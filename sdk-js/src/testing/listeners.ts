// Modules that handle events with `addEventListener` at their top level, in the shape of a service worker.
import { AsyncLocalStorage } from "node:async_hooks";
import type { Context, Env, ScheduledController } from "../events.js";
import { refuse } from "./declarations.js";
import type { FunctionModule } from "./module.js";

type Listener = (event: Event) => unknown;
/** By the type of event. */
type Listeners = Map<string, Listener[]>;

/** Where a module that listens keeps its listeners. */
export const LISTENERS = Symbol("listeners");

/** Those of the module that is being evaluated. */
const collected = new AsyncLocalStorage<Listeners>();
/** Evaluations that have not ended. The global function is there as long as there are some: Node has none of its own. */
let evaluating = 0;

function addEventListener(type: string, listener: Listener): void {
  const listeners = collected.getStore();
  listeners?.set(type, [...(listeners.get(type) ?? []), listener]);
}

/** Evaluates a module; one that listens has its listeners under `LISTENERS`. */
export async function evaluateListening(evaluate: () => Promise<FunctionModule>): Promise<FunctionModule> {
  const listeners: Listeners = new Map();
  const global = globalThis as { addEventListener?: unknown };
  evaluating += 1;
  global.addEventListener = addEventListener;
  try {
    const module = await collected.run(listeners, evaluate);
    return listeners.size === 0 ? module : { ...module, [LISTENERS]: listeners };
  } finally {
    evaluating -= 1;
    if (evaluating === 0) delete global.addEventListener;
  }
}

/** The listeners of a module for a type of event, if it has some. */
export function listenersOf(module: FunctionModule, type: string): Listener[] | undefined {
  return (module as { [LISTENERS]?: Listeners })[LISTENERS]?.get(type);
}

class ListenedEvent extends Event {
  readonly work: unknown[] = [];
  waitUntil(promise: unknown): void {
    this.work.push(promise);
  }
}

class RequestEvent extends ListenedEvent {
  readonly request: Request;
  /** What a listener gave to `respondWith`. */
  answer: [unknown] | undefined;
  constructor(request: Request) {
    super("fetch", { cancelable: true });
    this.request = request;
  }
  respondWith(answer: unknown): void {
    if (this.answer) throw new DOMException("respondWith was called already", "InvalidStateError");
    this.answer = [answer];
  }
  passThroughOnException(): void {}
}

/** Has the listeners answer the request. */
export function answerByListeners(listeners: Listener[], request: Request, ctx: Context): unknown {
  const event = new RequestEvent(request);
  event.waitUntil = (promise) => {
    ctx.waitUntil(Promise.resolve(promise));
  };
  for (const listener of listeners) {
    listener.call(globalThis, event);
    if (event.answer) return event.answer[0];
  }
  return refuse('no "fetch" listener answered the request: call event.respondWith(response) in one');
}

/** Tells the listeners of a job that is due; it is done when everything that they gave to `waitUntil` is. */
export async function runListeners(listeners: Listener[], controller: ScheduledController): Promise<void> {
  const { cron, scheduledTime } = controller;
  const noRetry = () => {
    controller.noRetry();
  };
  const event = Object.assign(new ListenedEvent("scheduled"), { cron, scheduledTime, noRetry });
  for (const listener of listeners) listener.call(globalThis, event);
  await Promise.all(event.work);
}

/** As a handler of requests. */
export const listening = (listeners: Listener[]) => ({
  fetch: (request: Request, _env: Env, ctx: Context) => answerByListeners(listeners, request, ctx),
});
