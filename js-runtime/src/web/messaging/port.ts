// MessageChannel and MessagePort (HTML Standard §9.4). Both ends are in one heap: a message is cloned when it is sent.
import { queueTask } from "../../js/tasks.js";
import { addKind, dataClone } from "../clone/kinds.js";
import { cloneWithTransfer, transferList } from "../clone/clone.js";
import { dispatch, EventTarget, handlerAttribute } from "../events/target.js";
import { install, required } from "../webidl/webidl.js";
import { acceptPorts, MessageEvent } from "./message-event.js";

const KEY = Symbol("internal");

type Message = [data: unknown, ports: readonly MessagePort[]];

/** One end of a channel. A transfer gives it another port. */
interface End {
  port: MessagePort | null;
  other: End | null;
  /** Messages that wait until the port is started. */
  queue: Message[];
  started: boolean;
}

let isPort: (value: unknown) => value is MessagePort;
let endOf: (port: MessagePort) => End | null;
let detach: (port: MessagePort) => End;
let start: (port: MessagePort) => void;
const newEnd = (): End => ({ port: null, other: null, queue: [], started: false });

const deliver = (end: End): void => {
  queueTask(() => {
    if (!end.started || end.port === null) return;
    const message = end.queue.shift();
    if (message === undefined) return;
    dispatch(end.port, new MessageEvent("message", { data: message[0], ports: message[1] }));
  });
};

export class MessagePort extends EventTarget {
  /** Null once the port was transferred or closed. */
  #end: End | null;
  constructor(key: unknown, end: End) {
    if (key !== KEY) throw new TypeError("Illegal constructor");
    super();
    this.#end = end;
    end.port = this;
  }
  postMessage(message: unknown, options: unknown = undefined): void {
    const end = this.#end;
    required(arguments.length, 1, "MessagePort.postMessage");
    const list = transferList(options);
    if (list.includes(this)) throw dataClone("a port cannot be transferred through itself");
    const other = end?.other ?? null;
    const doomed = other?.port !== null && list.includes(other?.port as object);
    const [data, moved] = cloneWithTransfer(message, list);
    // A port that is sent to itself is lost (§9.4.5).
    if (other === null || doomed) return;
    const ports = moved.filter(isPort);
    other.queue.push([data, ports]);
    if (other.started) deliver(other);
  }
  start(): void {
    start(this);
  }
  close(): void {
    const end = this.#end;
    if (end === null) return;
    this.#end = null;
    end.port = null;
    const { other } = end;
    end.other = null;
    if (other === null) return;
    other.other = null;
    queueTask(() => {
      if (other.port !== null) dispatch(other.port, new MessageEvent("close"));
    });
  }
  static {
    isPort = (value): value is MessagePort => typeof value === "object" && value !== null && #end in value;
    endOf = (port) => port.#end;
    start = (port) => {
      const end = port.#end;
      if (end === null || end.started) return;
      end.started = true;
      for (let i = 0; i < end.queue.length; i++) deliver(end);
    };
    detach = (port) => {
      const end = port.#end ?? newEnd();
      port.#end = null;
      end.port = null;
      end.started = false;
      return end;
    };
  }
}
// Setting `onmessage` starts the port (§9.4.4).
handlerAttribute(MessagePort.prototype, "message", undefined, (port) => {
  if (isPort(port)) start(port);
});
handlerAttribute(MessagePort.prototype, "messageerror");
handlerAttribute(MessagePort.prototype, "close");
install("MessagePort", MessagePort, 0);
acceptPorts(isPort);
addKind({
  is: isPort,
  barred: (port) =>
    endOf(port as MessagePort) === null ? "a closed or transferred MessagePort cannot be transferred" : undefined,
  transfer: (port) => new MessagePort(KEY, detach(port as MessagePort)),
});

class MessageChannel {
  readonly #port1: MessagePort;
  readonly #port2: MessagePort;
  constructor() {
    const [one, two] = [newEnd(), newEnd()];
    one.other = two;
    two.other = one;
    this.#port1 = new MessagePort(KEY, one);
    this.#port2 = new MessagePort(KEY, two);
  }
  get port1(): MessagePort {
    return this.#port1;
  }
  get port2(): MessagePort {
    return this.#port2;
  }
}
install("MessageChannel", MessageChannel, 0);
