// Event, CustomEvent, EventTarget (DOM Standard §2), without a tree: a target has no parents.
(natives, internals) => {
  const { webidl } = internals;
  const NONE = 0, AT_TARGET = 2;
  let state; // the private state of an event, for EventTarget
  let setTrusted;

  class Event {
    #type;
    #bubbles;
    #cancelable;
    #composed;
    #time = internals.now?.() ?? 0;
    #inner = { target: null, currentTarget: null, phase: NONE, stop: false, stopNow: false, canceled: false, passive: false, dispatching: false, initialized: true };
    #trusted = false;
    static { state = (event) => event.#inner; setTrusted = (event) => { event.#trusted = true; return event } }
    constructor(type, init = undefined) {
      webidl.required(arguments.length, 1, "Event");
      const { bubbles = false, cancelable = false, composed = false } = webidl.dictionary(init, "eventInitDict");
      this.#type = `${type}`;
      this.#bubbles = Boolean(bubbles);
      this.#cancelable = Boolean(cancelable);
      this.#composed = Boolean(composed);
      Object.defineProperty(this, "isTrusted", { get: isTrusted, enumerable: true, configurable: false });
    }
    static #isTrusted(event) { return event.#trusted }
    static { isTrustedOf = Event.#isTrusted }
    get type() { return this.#type }
    get target() { return this.#inner.target }
    get srcElement() { return this.#inner.target }
    get currentTarget() { return this.#inner.currentTarget }
    composedPath() { return this.#inner.currentTarget === null ? [] : [this.#inner.currentTarget] }
    get eventPhase() { return this.#inner.phase }
    stopPropagation() { this.#inner.stop = true }
    get cancelBubble() { return this.#inner.stop }
    set cancelBubble(value) { if (value) this.#inner.stop = true }
    stopImmediatePropagation() { this.#inner.stop = this.#inner.stopNow = true }
    get bubbles() { return this.#bubbles }
    get cancelable() { return this.#cancelable }
    get returnValue() { return !this.#inner.canceled }
    set returnValue(value) { if (!value) this.preventDefault() }
    preventDefault() { if (this.#cancelable && !this.#inner.passive) this.#inner.canceled = true }
    get defaultPrevented() { return this.#inner.canceled }
    get composed() { return this.#composed }
    get timeStamp() { return this.#time }
    initEvent(type, bubbles = false, cancelable = false) {
      webidl.required(arguments.length, 1, "Event.initEvent");
      const inner = this.#inner;
      if (inner.dispatching) return;
      this.#type = `${type}`;
      this.#bubbles = Boolean(bubbles);
      this.#cancelable = Boolean(cancelable);
      Object.assign(inner, { stop: false, stopNow: false, canceled: false, target: null, initialized: true });
      this.#trusted = false;
    }
  }
  var isTrustedOf;
  const isTrusted = Object.getOwnPropertyDescriptor({ get isTrusted() { return isTrustedOf(this) } }, "isTrusted").get;
  webidl.install("Event", Event, { length: 1 });
  for (const [name, value] of Object.entries({ NONE: 0, CAPTURING_PHASE: 1, AT_TARGET: 2, BUBBLING_PHASE: 3 })) {
    for (const object of [Event, Event.prototype]) Object.defineProperty(object, name, { value, enumerable: true });
  }

  class CustomEvent extends Event {
    #detail;
    constructor(type, init = undefined) {
      webidl.required(arguments.length, 1, "CustomEvent");
      super(type, init);
      this.#detail = webidl.dictionary(init, "eventInitDict").detail ?? null;
    }
    get detail() { return this.#detail }
    initCustomEvent(type, bubbles = false, cancelable = false, detail = null) {
      webidl.required(arguments.length, 1, "CustomEvent.initCustomEvent");
      if (state(this).dispatching) return;
      this.initEvent(type, bubbles, cancelable);
      this.#detail = detail;
    }
  }
  webidl.install("CustomEvent", CustomEvent, { length: 1 });

  const flatten = (options) =>
    typeof options === "object" && options !== null || typeof options === "function" ? Boolean(options.capture) : Boolean(options);

  class EventTarget {
    #listeners = null;
    addEventListener(type, callback, options = undefined) {
      webidl.required(arguments.length, 2, "EventTarget.addEventListener");
      checkCallback(callback);
      const listeners = this.#listeners;
      type = `${type}`;
      const capture = flatten(options);
      let once = false, passive = false, signal;
      if (typeof options === "object" && options !== null) {
        once = Boolean(options.once);
        passive = Boolean(options.passive);
        signal = options.signal;
        if (signal !== undefined && !internals.isAbortSignal(signal)) throw new TypeError("options.signal must be an AbortSignal");
      }
      if (signal?.aborted || callback === null || callback === undefined) return;
      const list = (this.#listeners ??= []);
      if (list.some((l) => l.type === type && l.callback === callback && l.capture === capture)) return;
      const listener = { type, callback, capture, once, passive, removed: false };
      list.push(listener);
      if (signal) internals.addAbortStep(signal, () => EventTarget.#remove(this, listener));
    }
    removeEventListener(type, callback, options = undefined) {
      webidl.required(arguments.length, 2, "EventTarget.removeEventListener");
      checkCallback(callback);
      const listeners = this.#listeners;
      type = `${type}`;
      const capture = flatten(options);
      const found = listeners?.find((l) => l.type === type && l.callback === callback && l.capture === capture);
      if (found) EventTarget.#remove(this, found);
    }
    static #remove(target, listener) {
      listener.removed = true;
      const index = target.#listeners.indexOf(listener);
      if (index >= 0) target.#listeners.splice(index, 1);
    }
    dispatchEvent(event) {
      webidl.required(arguments.length, 1, "EventTarget.dispatchEvent");
      const listeners = this.#listeners;
      if (!(event instanceof Event)) throw new TypeError("event must be an Event");
      const inner = state(event);
      if (inner.dispatching || !inner.initialized) throw new DOMException("the event is being dispatched already", "InvalidStateError");
      return EventTarget.#dispatch(this, event);
    }
    static #dispatch(target, event) {
      const inner = state(event);
      inner.dispatching = true;
      inner.target = inner.currentTarget = target;
      inner.phase = AT_TARGET;
      if (target.#listeners !== null && !inner.stop) {
        const current = target.#listeners.slice();
        for (const capture of [true, false]) {
          for (const listener of current) {
            if (listener.capture !== capture || listener.type !== event.type || listener.removed) continue;
            if (listener.once) EventTarget.#remove(target, listener);
            inner.passive = listener.passive;
            try {
              if (typeof listener.callback === "function") Reflect.apply(listener.callback, target, [event]);
              else {
                const handle = listener.callback.handleEvent;
                if (typeof handle !== "function") throw new TypeError("handleEvent is not a function");
                Reflect.apply(handle, listener.callback, [event]);
              }
            } catch (error) {
              internals.report(error);
            }
            inner.passive = false;
            if (inner.stopNow) break;
          }
          if (inner.stop) break;
        }
      }
      inner.phase = NONE;
      inner.currentTarget = null;
      inner.dispatching = inner.stop = inner.stopNow = false;
      return !inner.canceled;
    }
    static { internals.dispatch = (target, event) => EventTarget.#dispatch(target, setTrusted(event)) }
  }
  const checkCallback = (callback) => {
    if (callback !== null && callback !== undefined && typeof callback !== "object" && typeof callback !== "function") {
      throw new TypeError("the listener must be a function or an object with handleEvent");
    }
  };
  webidl.install("EventTarget", EventTarget, { length: 0 });

  // An event handler attribute such as `onabort`: a listener that keeps its place when it is replaced.
  internals.handlerAttribute = (prototype, type) => {
    const current = new WeakMap();
    const get = { [`on${type}`]() { return current.get(this)?.handler ?? null } }[`on${type}`];
    const set = function (value) {
      const handler = typeof value === "function" || (typeof value === "object" && value !== null) ? value : null;
      const entry = current.get(this);
      if (entry) entry.handler = handler;
      else if (handler) {
        const fresh = { handler };
        current.set(this, fresh);
        this.addEventListener(type, function (event) {
          if (typeof fresh.handler === "function" && Reflect.apply(fresh.handler, this, [event]) === false) event.preventDefault();
        });
      }
    };
    Object.defineProperty(prototype, `on${type}`, { get, set, enumerable: true, configurable: true });
  };

  // "Report an exception": a listener's or timer's throw is logged and does not reach the one who dispatched.
  internals.report = (error) => natives.log(3, `uncaught: ${internals.inspect?.(error) ?? error}`);
  webidl.installFunctions({
    reportError(error) {
      webidl.required(arguments.length, 1, "reportError");
      internals.report(error);
    },
    queueMicrotask(callback) {
      webidl.required(arguments.length, 1, "queueMicrotask");
      if (typeof callback !== "function") throw new TypeError("queueMicrotask: the callback must be a function");
      Reflect.apply(then, resolved, [() => {
        try { callback() } catch (error) { internals.report(error) }
      }]);
    },
  });
  const resolved = Promise.resolve();
  const then = Promise.prototype.then;
}
