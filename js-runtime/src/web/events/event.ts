// Event and CustomEvent (DOM Standard §2.2, §2.4), without a tree: a target has no parents.
import { elapsed } from "../../js/event.js";
import { getterOf } from "../../js/primordials.js";
import { dictionary, install, installConstants, required } from "../webidl/webidl.js";

export const enum Phase {
  None = 0,
  AtTarget = 2,
}

/** What dispatching changes. */
export interface EventState {
  target: unknown;
  currentTarget: unknown;
  phase: Phase;
  stop: boolean;
  stopNow: boolean;
  canceled: boolean;
  passive: boolean;
  dispatching: boolean;
  initialized: boolean;
}

export interface EventInit {
  bubbles?: unknown;
  cancelable?: unknown;
  composed?: unknown;
}

export let stateOf: (event: Event) => EventState;
export let isEvent: (value: unknown) => value is Event;
/** Marks an event as the platform's own. */
export let trusted: (event: Event) => Event;
let isTrusted: (this: unknown) => boolean;

export class Event {
  #type: string;
  #bubbles: boolean;
  #cancelable: boolean;
  readonly #composed: boolean;
  readonly #time = elapsed();
  readonly #state: EventState = {
    target: null,
    currentTarget: null,
    phase: Phase.None,
    stop: false,
    stopNow: false,
    canceled: false,
    passive: false,
    dispatching: false,
    initialized: true,
  };
  #trusted = false;
  static {
    stateOf = (event) => event.#state;
    isEvent = (value): value is Event => value instanceof Event;
    trusted = (event) => {
      event.#trusted = true;
      return event;
    };
    const attribute = {
      get isTrusted(): boolean {
        return (this as unknown as Event).#trusted;
      },
    };
    isTrusted = getterOf(attribute, "isTrusted");
  }
  constructor(type: unknown, init: EventInit | undefined = undefined) {
    required(arguments.length, 1, "Event");
    const { bubbles = false, cancelable = false, composed = false } = dictionary(init, "eventInitDict");
    this.#type = `${type as string}`;
    this.#bubbles = Boolean(bubbles);
    this.#cancelable = Boolean(cancelable);
    this.#composed = Boolean(composed);
    Object.defineProperty(this, "isTrusted", { get: isTrusted, enumerable: true, configurable: false });
  }
  get type(): string {
    return this.#type;
  }
  get target(): unknown {
    return this.#state.target;
  }
  get srcElement(): unknown {
    return this.#state.target;
  }
  get currentTarget(): unknown {
    return this.#state.currentTarget;
  }
  composedPath(): unknown[] {
    return this.#state.currentTarget === null ? [] : [this.#state.currentTarget];
  }
  get eventPhase(): number {
    return this.#state.phase;
  }
  stopPropagation(): void {
    this.#state.stop = true;
  }
  get cancelBubble(): boolean {
    return this.#state.stop;
  }
  set cancelBubble(value: unknown) {
    if (value) this.#state.stop = true;
  }
  stopImmediatePropagation(): void {
    this.#state.stop = this.#state.stopNow = true;
  }
  get bubbles(): boolean {
    return this.#bubbles;
  }
  get cancelable(): boolean {
    return this.#cancelable;
  }
  get returnValue(): boolean {
    return !this.#state.canceled;
  }
  set returnValue(value: unknown) {
    if (!value) this.preventDefault();
  }
  preventDefault(): void {
    if (this.#cancelable && !this.#state.passive) this.#state.canceled = true;
  }
  get defaultPrevented(): boolean {
    return this.#state.canceled;
  }
  get composed(): boolean {
    return this.#composed;
  }
  get timeStamp(): number {
    return this.#time;
  }
  initEvent(type: unknown, bubbles: unknown = false, cancelable: unknown = false): void {
    required(arguments.length, 1, "Event.initEvent");
    const state = this.#state;
    if (state.dispatching) return;
    this.#type = `${type as string}`;
    this.#bubbles = Boolean(bubbles);
    this.#cancelable = Boolean(cancelable);
    Object.assign(state, { stop: false, stopNow: false, canceled: false, target: null, initialized: true });
    this.#trusted = false;
  }
}
install("Event", Event, 1);
installConstants(Event, { NONE: Phase.None, CAPTURING_PHASE: 1, AT_TARGET: Phase.AtTarget, BUBBLING_PHASE: 3 });

class CustomEvent extends Event {
  #detail: unknown;
  constructor(type: unknown, init: (EventInit & { detail?: unknown }) | undefined = undefined) {
    required(arguments.length, 1, "CustomEvent");
    super(type, init);
    this.#detail = dictionary(init, "eventInitDict").detail ?? null;
  }
  get detail(): unknown {
    return this.#detail;
  }
  initCustomEvent(type: unknown, bubbles: unknown = false, cancelable: unknown = false, detail: unknown = null): void {
    required(arguments.length, 1, "CustomEvent.initCustomEvent");
    if (stateOf(this).dispatching) return;
    this.initEvent(type, bubbles, cancelable);
    this.#detail = detail;
  }
}
install("CustomEvent", CustomEvent, 1);
