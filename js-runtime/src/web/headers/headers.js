// Headers (Fetch Standard §5.1). A server sends and receives any header, so no name is forbidden here.
(natives, internals) => {
  const { webidl } = internals;
  const { required, byteString } = webidl;
  const { headerName, headerPair, headersJson, isProxy } = natives;
  const { getPrototypeOf, keys: ownNames, getOwnPropertySymbols } = Object;
  const objectPrototype = Object.prototype;

  const normalName = (name, what) => {
    const text = `${name}`, normal = headerName(text);
    if (normal === null) throw new TypeError(`${what}: "${text}" is not a valid header name`);
    return normal;
  };
  let listOf, setGuard, wrap, add, checkGuard;
  const IMMUTABLE = "immutable", NONE = "none";

  class Headers {
    #list = []; // [lower-case name, value], in the order of arrival
    #guard = NONE;
    #sorted = null; // what iteration gives, until the next change
    static {
      listOf = (headers) => headers.#list;
      setGuard = (headers, guard) => { headers.#guard = guard };
      // Private methods would cost each object a brand of its own.
      checkGuard = (headers) => {
        if (headers.#guard === IMMUTABLE) throw new TypeError("these headers are immutable");
        headers.#sorted = null;
      };
      add = (headers, name, value) => {
        const pair = headerPair(`${name}`, `${value}`);
        if (typeof pair === "string") throw new TypeError(pair);
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
      internals.sortedHeaders = (headers) => (headers.#sorted ??= sortAndCombine(headers.#list));
      internals.isHeaders = (value) => typeof value === "object" && value !== null && #list in value;
    }
    constructor(init = undefined) {
      if (init !== undefined) fill(this, init);
    }
    append(name, value) {
      this.#list;
      required(arguments.length, 2, "Headers.append");
      add(this, name, value);
    }
    delete(name) {
      const list = this.#list;
      required(arguments.length, 1, "Headers.delete");
      name = normalName(name, "Headers.delete");
      checkGuard(this);
      this.#list = list.filter((pair) => pair[0] !== name);
    }
    get(name) {
      const list = this.#list;
      required(arguments.length, 1, "Headers.get");
      name = normalName(name, "Headers.get");
      let value = null;
      for (let i = 0; i < list.length; i++) if (list[i][0] === name) value = value === null ? list[i][1] : `${value}, ${list[i][1]}`;
      return value;
    }
    getSetCookie() { return this.#list.filter((pair) => pair[0] === "set-cookie").map((pair) => pair[1]) }
    has(name) {
      const list = this.#list;
      required(arguments.length, 1, "Headers.has");
      name = normalName(name, "Headers.has");
      return list.some((pair) => pair[0] === name);
    }
    set(name, value) {
      const list = this.#list;
      required(arguments.length, 2, "Headers.set");
      const pair = headerPair(`${name}`, `${value}`);
      if (typeof pair === "string") throw new TypeError(pair);
      checkGuard(this);
      const first = list.find((other) => other[0] === pair[0]);
      if (first === undefined) list[list.length] = pair;
      else {
        first[1] = pair[1];
        this.#list = list.filter((other) => other === first || other[0] !== pair[0]);
      }
    }
    keys() { this.#list; return iterate(this, "keys") }
    values() { this.#list; return iterate(this, "values") }
    entries() { this.#list; return iterate(this, "entries") }
    forEach(callback, thisArg = undefined) {
      this.#list;
      required(arguments.length, 1, "Headers.forEach");
      if (typeof callback !== "function") throw new TypeError("the callback must be a function");
      for (let i = 0; ; i++) {
        const pair = internals.sortedHeaders(this)[i];
        if (pair === undefined) return;
        Reflect.apply(callback, thisArg, [pair[1], pair[0], this]);
      }
    }
  }

  const sortAndCombine = (list) => {
    const combined = new Map(), cookies = [];
    for (const [name, value] of list) {
      if (name === "set-cookie") cookies.push([name, value]);
      else combined.set(name, combined.has(name) ? `${combined.get(name)}, ${value}` : value);
    }
    return [...combined, ...cookies].sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
  };

  const fill = (headers, init) => {
    if ((typeof init !== "object" || init === null) && typeof init !== "function") throw new TypeError("Headers: init must be a sequence of pairs or an object");
    const iterator = init[Symbol.iterator];
    if (iterator !== undefined && iterator !== null) {
      if (typeof iterator !== "function") throw new TypeError("Headers: init is not iterable");
      const pairs = [];
      for (const item of { [Symbol.iterator]: () => Reflect.apply(iterator, init, []) }) {
        if ((typeof item !== "object" || item === null) || typeof item[Symbol.iterator] !== "function") throw new TypeError("Headers: each element of init must be a pair");
        const pair = [...item];
        if (pair.length !== 2) throw new TypeError("Headers: each element of init must have exactly two items");
        pairs.push(pair);
      }
      for (const [name, value] of pairs) add(headers, name, value);
    } else {
      if (getPrototypeOf(init) === objectPrototype && !isProxy(init) && getOwnPropertySymbols(init).length === 0) {
        const names = ownNames(init);
        for (let i = 0; i < names.length; i++) add(headers, names[i], init[names[i]]);
        return;
      }
      const record = [];
      for (const key of Reflect.ownKeys(init)) {
        if (!Reflect.getOwnPropertyDescriptor(init, key)?.enumerable) continue;
        if (typeof key === "symbol") throw new TypeError("Headers: a header name cannot be a symbol");
        const name = byteString(key, "Headers");
        record.push([name, byteString(init[key], "Headers")]);
      }
      for (const [name, value] of record) add(headers, name, value);
    }
  };

  const iterate = webidl.pairIterator("Headers", (headers) => internals.sortedHeaders(headers));
  Object.defineProperty(Headers.prototype, Symbol.iterator, { value: Headers.prototype.entries, writable: true, configurable: true });
  webidl.install("Headers", Headers, { length: 0 });

  const setDefaultType = (headers, type) => {
    const list = listOf(headers);
    for (let i = 0; i < list.length; i++) if (list[i][0] === "content-type") return;
    list[list.length] = ["content-type", type];
  };

  internals.headers = { wrap, list: listOf, add, fill, setGuard, setDefaultType, json: (headers) => headersJson(listOf(headers)), IMMUTABLE, NONE };
}
