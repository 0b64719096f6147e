// Headers (Fetch Standard §5.1). A server sends and receives any header, so no name is forbidden here.
import { headerName, headerPair, headersJson, isProxy } from "daplet:natives";
import { byteString, callable, install, pairIterator, required } from "../webidl/webidl.js";

const { getPrototypeOf, keys: ownNames, getOwnPropertySymbols, prototype: objectPrototype } = Object;

/** The name in lower case, and the value. */
type Pair = [name: string, value: string];
export type HeaderList = Pair[];
export const enum Guard {
  None,
  Immutable,
}

const normalName = (name: unknown, what: string): string => {
  const text = `${name as string}`;
  const normal = headerName(text);
  if (normal === null) throw new TypeError(`${what}: "${text}" is not a valid header name`);
  return normal;
};

const normalPair = (name: unknown, value: unknown): Pair => {
  const pair = headerPair(`${name as string}`, `${value as string}`);
  if (typeof pair === "string") throw new TypeError(pair);
  return pair;
};

export let isHeaders: (value: unknown) => value is Headers;
/** The headers in the order of their arrival. */
export let listOf: (headers: Headers) => HeaderList;
/** Headers over a list that is not copied. */
export let wrap: (list: HeaderList, guard: Guard) => Headers;
export let add: (headers: Headers, name: unknown, value: unknown) => void;
let sorted: (headers: Headers) => HeaderList;
let checkGuard: (headers: Headers) => void;

export class Headers {
  #list: HeaderList = [];
  #guard = Guard.None;
  /** What iteration gives, until the next change. */
  #sorted: HeaderList | null = null;
  static {
    isHeaders = (value): value is Headers => typeof value === "object" && value !== null && #list in value;
    listOf = (headers) => headers.#list;
    sorted = (headers) => (headers.#sorted ??= sortAndCombine(headers.#list));
    // Private methods would cost each object a brand of its own.
    checkGuard = (headers) => {
      if (headers.#guard === Guard.Immutable) throw new TypeError("these headers are immutable");
      headers.#sorted = null;
    };
    add = (headers, name, value) => {
      const pair = normalPair(name, value);
      checkGuard(headers);
      const list = headers.#list;
      list[list.length] = pair;
    };
    wrap = (list, guard) => {
      const headers = new Headers();
      headers.#list = list;
      headers.#guard = guard;
      return headers;
    };
  }
  constructor(init: unknown = undefined) {
    if (init !== undefined) fill(this, init);
  }
  append(name: unknown, value: unknown): void {
    void this.#list;
    required(arguments.length, 2, "Headers.append");
    add(this, name, value);
  }
  delete(name: unknown): void {
    const list = this.#list;
    required(arguments.length, 1, "Headers.delete");
    const wanted = normalName(name, "Headers.delete");
    checkGuard(this);
    this.#list = list.filter((pair) => pair[0] !== wanted);
  }
  get(name: unknown): string | null {
    const list = this.#list;
    required(arguments.length, 1, "Headers.get");
    const wanted = normalName(name, "Headers.get");
    let value: string | null = null;
    for (let i = 0; i < list.length; i++) {
      const pair = list[i] as Pair;
      if (pair[0] === wanted) value = value === null ? pair[1] : `${value}, ${pair[1]}`;
    }
    return value;
  }
  getSetCookie(): string[] {
    return this.#list.filter((pair) => pair[0] === "set-cookie").map((pair) => pair[1]);
  }
  has(name: unknown): boolean {
    const list = this.#list;
    required(arguments.length, 1, "Headers.has");
    const wanted = normalName(name, "Headers.has");
    return list.some((pair) => pair[0] === wanted);
  }
  set(name: unknown, value: unknown): void {
    const list = this.#list;
    required(arguments.length, 2, "Headers.set");
    const pair = normalPair(name, value);
    checkGuard(this);
    const first = list.find((other) => other[0] === pair[0]);
    if (first === undefined) list[list.length] = pair;
    else {
      first[1] = pair[1];
      this.#list = list.filter((other) => other === first || other[0] !== pair[0]);
    }
  }
  keys(): Iterator<unknown> {
    void this.#list;
    return iterate(this, "keys");
  }
  values(): Iterator<unknown> {
    void this.#list;
    return iterate(this, "values");
  }
  entries(): Iterator<unknown> {
    void this.#list;
    return iterate(this, "entries");
  }
  forEach(callback: unknown, thisArg: unknown = undefined): void {
    void this.#list;
    required(arguments.length, 1, "Headers.forEach");
    if (!callable(callback)) throw new TypeError("the callback must be a function");
    // The callback may change the list.
    for (let i = 0; ; i++) {
      const pair = sorted(this)[i];
      if (pair === undefined) return;
      Reflect.apply(callback, thisArg, [pair[1], pair[0], this]);
    }
  }
}

const sortAndCombine = (list: HeaderList): HeaderList => {
  const combined = new Map<string, string>();
  const cookies: HeaderList = [];
  for (const [name, value] of list) {
    const before = combined.get(name);
    if (name === "set-cookie") cookies.push([name, value]);
    else combined.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return [...combined, ...cookies].sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
};

const pairsOf = (init: object, iterator: unknown): [unknown, unknown][] => {
  if (!callable(iterator)) throw new TypeError("Headers: init is not iterable");
  const pairs: [unknown, unknown][] = [];
  const items = { [Symbol.iterator]: () => Reflect.apply(iterator, init, []) as Iterator<unknown> };
  for (const item of items) {
    const isObject = typeof item === "object" && item !== null;
    if (!isObject || typeof (item as Partial<Iterable<unknown>>)[Symbol.iterator] !== "function") {
      throw new TypeError("Headers: each element of init must be a pair");
    }
    const pair = [...(item as Iterable<unknown>)];
    if (pair.length !== 2) throw new TypeError("Headers: each element of init must have exactly two items");
    pairs.push(pair as [unknown, unknown]);
  }
  return pairs;
};

const recordOf = (init: object): [string, string][] => {
  const record: [string, string][] = [];
  for (const key of Reflect.ownKeys(init)) {
    if (!Reflect.getOwnPropertyDescriptor(init, key)?.enumerable) continue;
    if (typeof key === "symbol") throw new TypeError("Headers: a header name cannot be a symbol");
    const name = byteString(key, "Headers");
    record.push([name, byteString(Reflect.get(init, key), "Headers")]);
  }
  return record;
};

/** Adds what a HeadersInit says. Everything of it is read before the first header is added. */
export const fill = (headers: Headers, init: unknown): void => {
  if ((typeof init !== "object" || init === null) && typeof init !== "function") {
    throw new TypeError("Headers: init must be a sequence of pairs or an object");
  }
  const iterator = (init as Partial<Iterable<unknown>>)[Symbol.iterator] as unknown;
  if (iterator !== undefined && iterator !== null) {
    for (const [name, value] of pairsOf(init, iterator)) add(headers, name, value);
    return;
  }
  // A plain object, which is what most handlers write, needs no list between.
  if (getPrototypeOf(init) === objectPrototype && !isProxy(init) && getOwnPropertySymbols(init).length === 0) {
    const names = ownNames(init);
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string;
      add(headers, name, (init as Record<string, unknown>)[name]);
    }
    return;
  }
  for (const [name, value] of recordOf(init)) add(headers, name, value);
};

const iterate = pairIterator("Headers", (headers: Headers) => sorted(headers));
Object.defineProperty(Headers.prototype, Symbol.iterator, {
  value: Reflect.get(Headers.prototype, "entries"),
  writable: true,
  configurable: true,
});
install("Headers", Headers, 0);

export const setDefaultType = (headers: Headers, type: string | null): void => {
  if (type === null) return;
  const list = listOf(headers);
  for (let i = 0; i < list.length; i++) if ((list[i] as Pair)[0] === "content-type") return;
  list[list.length] = ["content-type", type];
};

export const toJson = (headers: Headers): string => headersJson(listOf(headers));

export const copyOf = (headers: Headers, guard: Guard): Headers =>
  wrap(
    listOf(headers).map((pair) => [...pair]),
    guard,
  );
