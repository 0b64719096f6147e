// EventTarget (DOM Standard §2.7) and event handler attributes (HTML Standard §8.1.8).
import { report } from "../../js/report.js";
import { DOMException } from "../exception/exception.js";
import { callable, install, required } from "../webidl/webidl.js";
import { type Event, isEvent, Phase, stateOf, trusted } from "./event.js";

interface Listener {
  type: string;
  callback: object;
  capture: boolean;
  once: boolean;
  passive: boolean;
  removed: boolean;
}

interface ListenerOptions {
  capture?: unknown;
  once?: unknown;
  passive?: unknown;
  signal?: unknown;
}

/** What the listener option `signal` needs of AbortSignal, which extends EventTarget and so is made later. */
interface AbortSignals {
  has: (value: unknown) => boolean;
  isAborted: (signal: unknown) => boolean;
  onAbort: (signal: unknown, step: () => void) => void;
}
let abortSignals: AbortSignals | null = null;
export const acceptAbortSignals = (given: AbortSignals): void => {
  abortSignals = given;
};

const isObject = (value: unknown): value is object =>
  (typeof value === "object" && value !== null) || typeof value === "function";

const flatten = (options: unknown): boolean =>
  Boolean(isObject(options) ? (options as ListenerOptions).capture : options);

const checkCallback = (callback: unknown): void => {
  if (callback !== null && callback !== undefined && typeof callback !== "object" && typeof callback !== "function") {
    throw new TypeError("the listener must be a function or an object with handleEvent");
  }
};

const callListener = (callback: object, target: object, event: Event): void => {
  if (callable(callback)) {
    Reflect.apply(callback, target, [event]);
    return;
  }
  const { handleEvent } = callback as { handleEvent?: unknown };
  if (!callable(handleEvent)) throw new TypeError("handleEvent is not a function");
  Reflect.apply(handleEvent, callback, [event]);
};

/** Dispatches an event of the platform itself; what a listener throws goes to `failed`. */
export let dispatch: (target: EventTarget, event: Event, failed?: (error: unknown) => void) => boolean;
/** Whether the target has a listener for events of the type. */
export let listens: (target: EventTarget, type: string) => boolean;

/** A call without an object, `addEventListener(…)`, is one of the global object's (Web IDL §3.7.6). */
const receiver = (target: EventTarget | null | undefined): EventTarget =>
  target === undefined || target === null || (target as object) === globalThis ? globalTarget : target;
export const theGlobal = (): EventTarget => globalTarget;

export class EventTarget {
  #listeners: Listener[] | null = null;
  addEventListener(type: unknown, callback: unknown, options: unknown = undefined): void {
    required(arguments.length, 2, "EventTarget.addEventListener");
    checkCallback(callback);
    const target = receiver(this);
    const listeners = target.#listeners;
    const name = `${type as string}`;
    const capture = flatten(options);
    let once = false;
    let passive = false;
    let signal: unknown;
    if (typeof options === "object" && options !== null) {
      const given = options as ListenerOptions;
      once = Boolean(given.once);
      passive = Boolean(given.passive);
      ({ signal } = given);
      if (signal !== undefined && !abortSignals?.has(signal))
        throw new TypeError("options.signal must be an AbortSignal");
    }
    if ((signal !== undefined && abortSignals?.isAborted(signal)) || callback === null || callback === undefined)
      return;
    if (listeners?.some((l) => l.type === name && l.callback === callback && l.capture === capture)) return;
    const listener = { type: name, callback, capture, once, passive, removed: false };
    (target.#listeners ??= []).push(listener);
    if (signal !== undefined) {
      abortSignals?.onAbort(signal, () => {
        EventTarget.#remove(target, listener);
      });
    }
  }
  removeEventListener(type: unknown, callback: unknown, options: unknown = undefined): void {
    required(arguments.length, 2, "EventTarget.removeEventListener");
    checkCallback(callback);
    const target = receiver(this);
    const listeners = target.#listeners;
    const name = `${type as string}`;
    const capture = flatten(options);
    const found = listeners?.find((l) => l.type === name && l.callback === callback && l.capture === capture);
    if (found) EventTarget.#remove(target, found);
  }
  static #remove(target: EventTarget, listener: Listener): void {
    listener.removed = true;
    const index = target.#listeners?.indexOf(listener) ?? -1;
    if (index >= 0) target.#listeners?.splice(index, 1);
  }
  dispatchEvent(event: unknown): boolean {
    required(arguments.length, 1, "EventTarget.dispatchEvent");
    const target = receiver(this);
    void target.#listeners;
    if (!isEvent(event)) throw new TypeError("event must be an Event");
    const { dispatching, initialized } = stateOf(event);
    if (dispatching || !initialized) {
      throw new DOMException("the event is being dispatched already", "InvalidStateError");
    }
    return EventTarget.#dispatch(target, event, report);
  }
  static #dispatch(target: EventTarget, event: Event, failed: (error: unknown) => void): boolean {
    const state = stateOf(event);
    const shown = target === globalTarget ? globalThis : target;
    state.dispatching = true;
    state.target = state.currentTarget = shown;
    state.phase = Phase.AtTarget;
    if (target.#listeners !== null && !state.stop) {
      const current = target.#listeners.slice();
      for (const capture of [true, false]) {
        for (const listener of current) {
          if (listener.capture !== capture || listener.type !== event.type || listener.removed) continue;
          if (listener.once) EventTarget.#remove(target, listener);
          state.passive = listener.passive;
          try {
            callListener(listener.callback, shown, event);
          } catch (error) {
            failed(error);
          }
          state.passive = false;
          if (state.stopNow) break;
        }
        if (state.stop) break;
      }
    }
    state.phase = Phase.None;
    state.currentTarget = null;
    state.dispatching = state.stop = state.stopNow = false;
    return !state.canceled;
  }
  static {
    dispatch = (target, event, failed = report) => EventTarget.#dispatch(target, trusted(event), failed);
    listens = (target, type) => target.#listeners?.some((listener) => listener.type === type) ?? false;
  }
}
install("EventTarget", EventTarget, 0);
/** Keeps the listeners of the global object, which is made by the engine and so has no private fields. */
const globalTarget = new EventTarget();

/** Calls an event handler, and cancels the event if what it returns says so (HTML Standard §8.1.8.1). */
const callHandler = (handler: (...list: unknown[]) => unknown, target: unknown, event: Event): void => {
  if (Reflect.apply(handler, target, [event]) === false) event.preventDefault();
};

/**
 * Installs an event handler attribute such as `onabort`: a listener that keeps its place when it is replaced. `invoke` calls the handler;
 * `changed` hears of each one that is set.
 */
export const handlerAttribute = (
  prototype: object,
  type: string,
  invoke = callHandler,
  changed?: (target: EventTarget) => void,
): void => {
  const current = new WeakMap<EventTarget, { handler: object | null }>();
  const get = function (this: EventTarget): object | null {
    return current.get(receiver(this))?.handler ?? null;
  };
  const set = function (this: EventTarget, value: unknown): void {
    const target = receiver(this);
    const handler = isObject(value) ? value : null;
    const entry = current.get(target);
    if (entry) entry.handler = handler;
    else if (handler) {
      const fresh: { handler: object | null } = { handler };
      current.set(target, fresh);
      target.addEventListener(type, function (this: unknown, event: Event) {
        if (callable(fresh.handler)) invoke(fresh.handler, this, event);
      });
    }
    changed?.(target);
  };
  Object.defineProperty(get, "name", { value: `on${type}`, configurable: true });
  Object.defineProperty(prototype, `on${type}`, { get, set, enumerable: true, configurable: true });
};
