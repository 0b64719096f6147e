// MessageEvent (HTML Standard §9.1).
import { Event, type EventInit, stateOf } from "../events/event.js";
import { dictionary, install, required, sequence, usvString } from "../webidl/webidl.js";

interface MessageEventInit extends EventInit {
  data?: unknown;
  origin?: unknown;
  lastEventId?: unknown;
  source?: unknown;
  ports?: unknown;
}

/** Whether a value is a MessagePort, which needs events and so is made later. */
let isPort: (value: unknown) => boolean = () => false;
export const acceptPorts = (check: (value: unknown) => boolean): void => {
  isPort = check;
};

const portsOf = (value: unknown): readonly unknown[] =>
  Object.freeze(
    sequence(value as Iterable<unknown>, (port) => {
      if (!isPort(port)) throw new TypeError("MessageEvent: ports must be MessagePort objects");
      return port;
    }),
  );

const sourceOf = (value: unknown): unknown => {
  if (value === null || value === undefined) return null;
  if (!isPort(value)) throw new TypeError("MessageEvent: source must be a MessagePort or null");
  return value;
};

export class MessageEvent extends Event {
  #data: unknown;
  #origin: string;
  #lastEventId: string;
  #source: unknown;
  #ports: readonly unknown[];
  constructor(type: unknown, init: MessageEventInit | undefined = undefined) {
    required(arguments.length, 1, "MessageEvent");
    super(type, init);
    const given = dictionary(init, "eventInitDict");
    const { data = null, lastEventId = "", origin = "", ports = [], source = null } = given;
    this.#data = data;
    this.#lastEventId = `${lastEventId as string}`;
    this.#origin = usvString(origin);
    this.#ports = portsOf(ports);
    this.#source = sourceOf(source);
  }
  get data(): unknown {
    return this.#data;
  }
  get origin(): string {
    return this.#origin;
  }
  get lastEventId(): string {
    return this.#lastEventId;
  }
  get source(): unknown {
    return this.#source;
  }
  get ports(): readonly unknown[] {
    return this.#ports;
  }
  initMessageEvent(
    type: unknown,
    bubbles: unknown = false,
    cancelable: unknown = false,
    data: unknown = null,
    origin: unknown = "",
    lastEventId: unknown = "",
    source: unknown = null,
    ports: unknown = [],
  ): void {
    required(arguments.length, 1, "MessageEvent.initMessageEvent");
    if (stateOf(this).dispatching) return;
    this.initEvent(type, bubbles, cancelable);
    this.#data = data;
    this.#origin = usvString(origin);
    this.#lastEventId = `${lastEventId as string}`;
    this.#source = sourceOf(source);
    this.#ports = portsOf(ports);
  }
}
install("MessageEvent", MessageEvent, 1);
