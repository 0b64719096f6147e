// ExtendableEvent and FetchEvent (Service Workers §4.4, §4.6), for functions that answer with `addEventListener("fetch", …)`.
import { waitFor } from "../../js/invocation.js";
import { report } from "../../js/report.js";
import { Event, type EventInit, stateOf } from "../events/event.js";
import { dispatch, listens, theGlobal } from "../events/target.js";
import { DOMException } from "../exception/exception.js";
import { isRequest, type Request } from "../fetch/request.js";
import { dictionary, install, required } from "../webidl/webidl.js";

export class ExtendableEvent extends Event {
  #brand = true;
  constructor(type: unknown, init: EventInit | undefined = undefined) {
    required(arguments.length, 1, "ExtendableEvent");
    super(type, init);
  }
  waitUntil(promise: unknown): void {
    void this.#brand;
    required(arguments.length, 1, "ExtendableEvent.waitUntil");
    waitFor(promise);
  }
}
install("ExtendableEvent", ExtendableEvent, 1);

interface FetchEventInit extends EventInit {
  request?: unknown;
}

/** No listener has answered. */
const NOTHING = Symbol("nothing");
let answerOf: (event: FetchEvent) => unknown;

export class FetchEvent extends ExtendableEvent {
  readonly #request: Request;
  #answer: unknown = NOTHING;
  constructor(type: unknown, init: FetchEventInit) {
    required(arguments.length, 2, "FetchEvent");
    super(type, init);
    const { request } = dictionary(init, "eventInitDict");
    if (!isRequest(request)) throw new TypeError("FetchEvent: request must be a Request");
    this.#request = request;
  }
  get request(): Request {
    return this.#request;
  }
  respondWith(response: unknown): void {
    const { dispatching } = stateOf(this);
    required(arguments.length, 1, "FetchEvent.respondWith");
    if (!dispatching) {
      throw new DOMException("respondWith must be called before the listener returns", "InvalidStateError");
    }
    if (this.#answer !== NOTHING) throw new DOMException("respondWith was called already", "InvalidStateError");
    this.stopImmediatePropagation();
    this.#answer = response;
  }
  /** Nothing is behind a function that could answer in its place. */
  passThroughOnException(): void {
    void this.#answer;
  }
  static {
    answerOf = (event) => event.#answer;
  }
}
install("FetchEvent", FetchEvent, 2);

/** Whether the module listens to events of the type. */
export const hasListener = (type: string): boolean => listens(theGlobal(), type);

/** Has the listeners answer the request → what one of them gave to `respondWith`. */
export const answerByListeners = (request: unknown): unknown => {
  const event = new FetchEvent("fetch", { request, cancelable: true });
  let failure: [error: unknown] | null = null;
  dispatch(theGlobal(), event, (error) => {
    if (answerOf(event) === NOTHING) failure ??= [error];
    else report(error);
  });
  const answer = answerOf(event);
  if (answer !== NOTHING) return answer;
  if (failure !== null) throw (failure as [unknown])[0];
  throw new TypeError('no "fetch" listener answered the request: call event.respondWith(response) in one');
};
