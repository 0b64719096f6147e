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

const callListener = (callback: object, target: EventTarget, event: Event): void => {
  if (callable(callback)) {
    Reflect.apply(callback, target, [event]);
    return;
  }
  const { handleEvent } = callback as { handleEvent?: unknown };
  if (!callable(handleEvent)) throw new TypeError("handleEvent is not a function");
  Reflect.apply(handleEvent, callback, [event]);
};

/** Dispatches an event of the platform itself. */
export let dispatch: (target: EventTarget, event: Event) => boolean;

export class EventTarget {
  #listeners: Listener[] | null = null;
  addEventListener(type: unknown, callback: unknown, options: unknown = undefined): void {
    required(arguments.length, 2, "EventTarget.addEventListener");
    checkCallback(callback);
    const listeners = this.#listeners;
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
    (this.#listeners ??= []).push(listener);
    if (signal !== undefined) {
      abortSignals?.onAbort(signal, () => {
        EventTarget.#remove(this, listener);
      });
    }
  }
  removeEventListener(type: unknown, callback: unknown, options: unknown = undefined): void {
    required(arguments.length, 2, "EventTarget.removeEventListener");
    checkCallback(callback);
    const listeners = this.#listeners;
    const name = `${type as string}`;
    const capture = flatten(options);
    const found = listeners?.find((l) => l.type === name && l.callback === callback && l.capture === capture);
    if (found) EventTarget.#remove(this, found);
  }
  static #remove(target: EventTarget, listener: Listener): void {
    listener.removed = true;
    const index = target.#listeners?.indexOf(listener) ?? -1;
    if (index >= 0) target.#listeners?.splice(index, 1);
  }
  dispatchEvent(event: unknown): boolean {
    required(arguments.length, 1, "EventTarget.dispatchEvent");
    void this.#listeners;
    if (!isEvent(event)) throw new TypeError("event must be an Event");
    const { dispatching, initialized } = stateOf(event);
    if (dispatching || !initialized) {
      throw new DOMException("the event is being dispatched already", "InvalidStateError");
    }
    return EventTarget.#dispatch(this, event);
  }
  static #dispatch(target: EventTarget, event: Event): boolean {
    const state = stateOf(event);
    state.dispatching = true;
    state.target = state.currentTarget = target;
    state.phase = Phase.AtTarget;
    if (target.#listeners !== null && !state.stop) {
      const current = target.#listeners.slice();
      for (const capture of [true, false]) {
        for (const listener of current) {
          if (listener.capture !== capture || listener.type !== event.type || listener.removed) continue;
          if (listener.once) EventTarget.#remove(target, listener);
          state.passive = listener.passive;
          try {
            callListener(listener.callback, target, event);
          } catch (error) {
            report(error);
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
    dispatch = (target, event) => EventTarget.#dispatch(target, trusted(event));
  }
}
install("EventTarget", EventTarget, 0);

/** Installs an event handler attribute such as `onabort`: a listener that keeps its place when it is replaced. */
export const handlerAttribute = (prototype: object, type: string): void => {
  const current = new WeakMap<EventTarget, { handler: object | null }>();
  const get = function (this: EventTarget): object | null {
    return current.get(this)?.handler ?? null;
  };
  const set = function (this: EventTarget, value: unknown): void {
    const handler = isObject(value) ? value : null;
    const entry = current.get(this);
    if (entry) entry.handler = handler;
    else if (handler) {
      const fresh: { handler: object | null } = { handler };
      current.set(this, fresh);
      this.addEventListener(type, function (this: EventTarget, event: Event) {
        if (callable(fresh.handler) && Reflect.apply(fresh.handler, this, [event]) === false) event.preventDefault();
      });
    }
  };
  Object.defineProperty(get, "name", { value: `on${type}`, configurable: true });
  Object.defineProperty(prototype, `on${type}`, { get, set, enumerable: true, configurable: true });
};
