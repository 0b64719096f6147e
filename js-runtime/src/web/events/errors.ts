// ErrorEvent and PromiseRejectionEvent (HTML Standard §8.1.4.6, §8.1.4.7).
import { dictionary, install, required, usvString } from "../webidl/webidl.js";
import { Event, type EventInit } from "./event.js";

interface ErrorEventInit extends EventInit {
  message?: unknown;
  filename?: unknown;
  lineno?: unknown;
  colno?: unknown;
  error?: unknown;
}

export class ErrorEvent extends Event {
  readonly #message: string;
  readonly #filename: string;
  readonly #lineno: number;
  readonly #colno: number;
  readonly #error: unknown;
  constructor(type: unknown, init: ErrorEventInit | undefined = undefined) {
    required(arguments.length, 1, "ErrorEvent");
    super(type, init);
    const { colno = 0, error, filename = "", lineno = 0, message = "" } = dictionary(init, "eventInitDict");
    this.#colno = Number(colno) >>> 0;
    this.#error = error;
    this.#filename = usvString(filename);
    this.#lineno = Number(lineno) >>> 0;
    this.#message = `${message as string}`;
  }
  get message(): string {
    return this.#message;
  }
  get filename(): string {
    return this.#filename;
  }
  get lineno(): number {
    return this.#lineno;
  }
  get colno(): number {
    return this.#colno;
  }
  get error(): unknown {
    return this.#error;
  }
}
install("ErrorEvent", ErrorEvent, 1);

interface PromiseRejectionEventInit extends EventInit {
  promise?: unknown;
  reason?: unknown;
}

export class PromiseRejectionEvent extends Event {
  readonly #promise: object;
  readonly #reason: unknown;
  constructor(type: unknown, init: PromiseRejectionEventInit) {
    required(arguments.length, 2, "PromiseRejectionEvent");
    super(type, init);
    const { promise, reason } = dictionary(init, "eventInitDict");
    if (typeof promise !== "object" || promise === null) {
      throw new TypeError("PromiseRejectionEvent: promise is required and must be an object");
    }
    this.#promise = promise;
    this.#reason = reason;
  }
  get promise(): object {
    return this.#promise;
  }
  get reason(): unknown {
    return this.#reason;
  }
}
install("PromiseRejectionEvent", PromiseRejectionEvent, 2);
