// What the attribute `body` of a Request or Response gives: a stream of one chunk (Streams Standard §4, without pipes and byte readers).
// It is made when a handler asks for it. The global ReadableStream does not exist.
import type { Bytes } from "daplet:natives";
import { type Body, bytesOf, consume, type Source, use } from "./source.js";

type ReadResult = { value: Bytes; done: false } | { value: undefined; done: true };

const unavailable = (name: string): never => {
  throw new TypeError(
    `${name} is not available: a body is whole. ` +
      "Pass it on as a body, or read it with text(), json(), bytes(), getReader() or for await",
  );
};

/** The body behind a stream; `undefined` for anything else. */
export let bodyOf: (value: object) => Body | undefined;
export let makeStream: (body: Body) => ReadableStream;

class ReadableStream {
  readonly #body: Body;
  #reader: Reader | null = null;
  /** The one chunk was read, or is not wanted. */
  #ended = false;
  constructor(body: Body) {
    this.#body = body;
  }
  get locked(): boolean {
    return this.#reader !== null;
  }
  getReader(options: { mode?: unknown } | null | undefined = undefined): Reader {
    if (options !== undefined && options !== null && options.mode !== undefined) {
      unavailable('a byte reader (mode: "byob")');
    }
    if (this.#reader !== null) throw new TypeError("the stream has a reader already");
    return (this.#reader = new Reader(
      () => this.#read(),
      () => {
        this.#end();
      },
      () => {
        this.#reader = null;
      },
    ));
  }
  #read(): ReadResult {
    if (this.#ended) return { value: undefined, done: true };
    this.#ended = true;
    const { source, used } = this.#body;
    use(this.#body);
    const bytes = used ? new Uint8Array() : bytesOf(source);
    return bytes.byteLength === 0 ? { value: undefined, done: true } : { value: bytes, done: false };
  }
  #end(): void {
    this.#ended = true;
    use(this.#body);
  }
  async cancel(): Promise<void> {
    if (this.#reader !== null) throw new TypeError("the stream has a reader; cancel that");
    this.#end();
  }
  tee(): ReadableStream[] {
    if (this.#reader !== null) throw new TypeError("the stream has a reader already");
    const { value } = this.#read();
    const nothing = (): void => undefined;
    this.#reader = new Reader(() => ({ value: undefined, done: true }), nothing, nothing);
    return [value ?? new Uint8Array(), value?.slice() ?? new Uint8Array()].map(
      (source) => new ReadableStream({ source, type: null, used: false }),
    );
  }
  pipeTo(): void {
    unavailable("pipeTo");
  }
  pipeThrough(): void {
    unavailable("pipeThrough");
  }
  values(): AsyncIterableIterator<Bytes> {
    const reader = this.getReader();
    const iterator: AsyncIterableIterator<Bytes> = {
      async next() {
        const result = await reader.read();
        if (result.done) reader.releaseLock();
        return result;
      },
      async return(value: unknown) {
        await reader.cancel();
        reader.releaseLock();
        return { value, done: true };
      },
      [Symbol.asyncIterator]() {
        return iterator;
      },
    };
    return iterator;
  }
  [Symbol.asyncIterator](): AsyncIterableIterator<Bytes> {
    return this.values();
  }
  /** `JSON.stringify` would make "{}" of it without a word. */
  toJSON(): never {
    throw new TypeError("a body is not JSON; read it first, for example with await request.json()");
  }
  static {
    bodyOf = (value) => (#body in value ? value.#body : undefined);
    makeStream = (body) => new ReadableStream(body);
  }
}
export type { ReadableStream };
Object.defineProperty(ReadableStream.prototype, Symbol.toStringTag, { value: "ReadableStream", configurable: true });
Object.defineProperty(ReadableStream.prototype, "constructor", { value: Object, writable: true, configurable: true });

class Reader {
  readonly #read: () => ReadResult;
  readonly #cancel: () => void;
  #release: (() => void) | null;
  #resolve: (() => void) | undefined;
  readonly closed = new Promise<void>((resolve) => {
    this.#resolve = resolve;
  });
  constructor(read: () => ReadResult, cancel: () => void, release: () => void) {
    this.#read = read;
    this.#cancel = cancel;
    this.#release = release;
  }
  async read(): Promise<ReadResult> {
    if (this.#release === null) throw new TypeError("the reader was released");
    const result = this.#read();
    if (result.done) this.#resolve?.();
    return result;
  }
  async cancel(): Promise<void> {
    if (this.#release === null) throw new TypeError("the reader was released");
    this.#cancel();
    this.#resolve?.();
  }
  releaseLock(): void {
    this.#release?.();
    this.#release = null;
  }
}

/** The bytes or text of a stream that a handler returned; `undefined` for anything else. */
export const takeStream = (value: object): Source | undefined => {
  const body = bodyOf(value);
  return body === undefined ? undefined : consume(body);
};
