// URLSearchParams (URL Standard §6.2).
import { parseForm, serializeForm } from "daplet:natives";
import { callable, install, pairIterator, required, usvString } from "../webidl/webidl.js";

type Update = (serialized: string) => void;

export let isSearchParams: (value: unknown) => value is URLSearchParams;
/** The parameters of a URL: they are parsed when they are asked for, and `update` hears of each change. */
export let attached: (text: string, update: Update) => URLSearchParams;
/** The URL's query has changed. */
export let reset: (params: URLSearchParams, text: string) => void;
let flatOf: (params: URLSearchParams) => string[];
let replace: (params: URLSearchParams, flat: string[]) => void;
let changed: (params: URLSearchParams) => void;

const isIterable = (value: unknown): value is Iterable<unknown> =>
  typeof value === "object" &&
  value !== null &&
  typeof (value as Partial<Iterable<unknown>>)[Symbol.iterator] === "function";

const flatOfPairs = (pairs: Iterable<unknown>): string[] => {
  const flat: string[] = [];
  for (const pair of pairs) {
    if (!isIterable(pair)) throw new TypeError("each element of init must be a pair");
    const items = [...pair];
    if (items.length !== 2) throw new TypeError("each element of init must have exactly two items");
    flat.push(usvString(items[0]), usvString(items[1]));
  }
  return flat;
};

const flatOfRecord = (record: object): string[] => {
  const members = new Map<string, string>();
  for (const key of Reflect.ownKeys(record)) {
    if (!Reflect.getOwnPropertyDescriptor(record, key)?.enumerable) continue;
    members.set(usvString(key), usvString(Reflect.get(record, key)));
  }
  return [...members].flat();
};

export class URLSearchParams {
  /** Names and values in turn, for a list of pairs would cost an array each. Null: `#text` has not been parsed yet. */
  #flat: string[] | null = null;
  #text = "";
  #update: Update | null = null;
  static {
    isSearchParams = (value): value is URLSearchParams => typeof value === "object" && value !== null && #flat in value;
    flatOf = (params) => (params.#flat ??= parseForm(params.#text));
    changed = (params) => {
      if (params.#update !== null) params.#update(params.toString());
    };
    attached = (text, update) => {
      const params = new URLSearchParams();
      params.#text = text;
      params.#flat = null;
      params.#update = update;
      return params;
    };
    replace = (params, flat) => {
      params.#flat = flat;
    };
    reset = (params, text) => {
      params.#text = text;
      params.#flat = null;
    };
  }
  constructor(init: unknown = "") {
    if ((typeof init === "object" && init !== null) || typeof init === "function") {
      const iterator = (init as Partial<Iterable<unknown>>)[Symbol.iterator] as unknown;
      if (iterator === undefined || iterator === null) this.#flat = flatOfRecord(init);
      else if (typeof iterator !== "function") throw new TypeError("init is not iterable");
      else this.#flat = flatOfPairs(init as Iterable<unknown>);
    } else {
      const text = usvString(init);
      this.#text = text.startsWith("?") ? text.slice(1) : text;
    }
  }
  get size(): number {
    return flatOf(this).length / 2;
  }
  append(name: unknown, value: unknown): void {
    const flat = flatOf(this);
    required(arguments.length, 2, "URLSearchParams.append");
    flat.push(usvString(name), usvString(value));
    changed(this);
  }
  delete(name: unknown, value: unknown = undefined): void {
    const flat = flatOf(this);
    required(arguments.length, 1, "URLSearchParams.delete");
    const wanted = usvString(name);
    const only = value === undefined ? undefined : usvString(value);
    const kept: string[] = [];
    for (let i = 0; i < flat.length; i += 2) {
      if (flat[i] !== wanted || (only !== undefined && flat[i + 1] !== only))
        kept.push(flat[i] as string, flat[i + 1] as string);
    }
    replace(this, kept);
    changed(this);
  }
  get(name: unknown): string | null {
    const flat = flatOf(this);
    required(arguments.length, 1, "URLSearchParams.get");
    const wanted = usvString(name);
    for (let i = 0; i < flat.length; i += 2) if (flat[i] === wanted) return flat[i + 1] as string;
    return null;
  }
  getAll(name: unknown): string[] {
    const flat = flatOf(this);
    required(arguments.length, 1, "URLSearchParams.getAll");
    const wanted = usvString(name);
    const found: string[] = [];
    for (let i = 0; i < flat.length; i += 2) if (flat[i] === wanted) found.push(flat[i + 1] as string);
    return found;
  }
  has(name: unknown, value: unknown = undefined): boolean {
    const flat = flatOf(this);
    required(arguments.length, 1, "URLSearchParams.has");
    const wanted = usvString(name);
    const only = value === undefined ? undefined : usvString(value);
    for (let i = 0; i < flat.length; i += 2) {
      if (flat[i] === wanted && (only === undefined || flat[i + 1] === only)) return true;
    }
    return false;
  }
  set(name: unknown, value: unknown): void {
    const flat = flatOf(this);
    required(arguments.length, 2, "URLSearchParams.set");
    const wanted = usvString(name);
    const given = usvString(value);
    const kept: string[] = [];
    let found = false;
    for (let i = 0; i < flat.length; i += 2) {
      if (flat[i] !== wanted) kept.push(flat[i] as string, flat[i + 1] as string);
      else if (!found) {
        kept.push(wanted, given);
        found = true;
      }
    }
    if (!found) kept.push(wanted, given);
    replace(this, kept);
    changed(this);
  }
  sort(): void {
    const sorted = pairsOf(this).sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
    replace(this, sorted.flat());
    changed(this);
  }
  toString(): string {
    return serializeForm(flatOf(this));
  }
  keys(): Iterator<unknown> {
    void this.#flat;
    return iterate(this, "keys");
  }
  values(): Iterator<unknown> {
    void this.#flat;
    return iterate(this, "values");
  }
  entries(): Iterator<unknown> {
    void this.#flat;
    return iterate(this, "entries");
  }
  forEach(callback: unknown, thisArg: unknown = undefined): void {
    void this.#flat;
    required(arguments.length, 1, "URLSearchParams.forEach");
    if (!callable(callback)) throw new TypeError("the callback must be a function");
    // The callback may change the list.
    for (let i = 0; i < flatOf(this).length; i += 2) {
      Reflect.apply(callback, thisArg, [flatOf(this)[i + 1], flatOf(this)[i], this]);
    }
  }
}

const pairsOf = (params: URLSearchParams): [string, string][] => {
  const flat = flatOf(params);
  const list: [string, string][] = [];
  for (let i = 0; i < flat.length; i += 2) list.push([flat[i] as string, flat[i + 1] as string]);
  return list;
};
const iterate = pairIterator("URLSearchParams", pairsOf);
Object.defineProperty(URLSearchParams.prototype, Symbol.iterator, {
  value: Reflect.get(URLSearchParams.prototype, "entries"),
  writable: true,
  configurable: true,
});
install("URLSearchParams", URLSearchParams, 0);
