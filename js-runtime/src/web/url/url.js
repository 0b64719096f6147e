// URL and URLSearchParams (URL Standard §6).
({ parseUrl, setUrl, parseForm, serializeForm }, internals) => {
  const { webidl } = internals;
  const { usvString, required } = webidl;
  let paramsOf, setList, attach;

  class URLSearchParams {
    #list = [];
    #url = null; // called with the serialisation after each change
    static {
      paramsOf = (params) => params.#list;
      setList = (params, list) => { params.#list = list };
      attach = (params, update) => { params.#url = update };
    }
    constructor(init = "") {
      if ((typeof init === "object" && init !== null) || typeof init === "function") {
        const iterator = init[Symbol.iterator];
        if (iterator !== undefined && iterator !== null) {
          if (typeof iterator !== "function") throw new TypeError("init is not iterable");
          for (const pair of init) {
            if (typeof pair !== "object" || pair === null || typeof pair[Symbol.iterator] !== "function") throw new TypeError("each element of init must be a pair");
            const items = [...pair];
            if (items.length !== 2) throw new TypeError("each element of init must have exactly two items");
            this.#list.push([usvString(items[0]), usvString(items[1])]);
          }
        } else {
          const record = new Map();
          for (const key of Reflect.ownKeys(init)) {
            if (!Reflect.getOwnPropertyDescriptor(init, key)?.enumerable) continue;
            record.set(usvString(key), usvString(init[key]));
          }
          this.#list = [...record];
        }
      } else {
        const text = usvString(init);
        this.#list = pairs(text.startsWith("?") ? text.slice(1) : text);
      }
    }
    #changed() { this.#url?.(this.toString()) }
    get size() { return this.#list.length }
    append(name, value) {
      const list = this.#list;
      required(arguments.length, 2, "URLSearchParams.append");
      list.push([usvString(name), usvString(value)]);
      this.#changed();
    }
    delete(name, value = undefined) {
      const list = this.#list;
      required(arguments.length, 1, "URLSearchParams.delete");
      name = usvString(name);
      if (value !== undefined) value = usvString(value);
      this.#list = list.filter((pair) => pair[0] !== name || (value !== undefined && pair[1] !== value));
      this.#changed();
    }
    get(name) {
      const list = this.#list;
      required(arguments.length, 1, "URLSearchParams.get");
      name = usvString(name);
      return list.find((pair) => pair[0] === name)?.[1] ?? null;
    }
    getAll(name) {
      const list = this.#list;
      required(arguments.length, 1, "URLSearchParams.getAll");
      name = usvString(name);
      return list.filter((pair) => pair[0] === name).map((pair) => pair[1]);
    }
    has(name, value = undefined) {
      const list = this.#list;
      required(arguments.length, 1, "URLSearchParams.has");
      name = usvString(name);
      if (value !== undefined) value = usvString(value);
      return list.some((pair) => pair[0] === name && (value === undefined || pair[1] === value));
    }
    set(name, value) {
      const list = this.#list;
      required(arguments.length, 2, "URLSearchParams.set");
      name = usvString(name);
      value = usvString(value);
      const first = list.find((pair) => pair[0] === name);
      if (first === undefined) list.push([name, value]);
      else {
        first[1] = value;
        this.#list = list.filter((pair) => pair === first || pair[0] !== name);
      }
      this.#changed();
    }
    sort() {
      this.#list.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
      this.#changed();
    }
    toString() { return serializeForm(this.#list.flat()) }
    keys() { this.#list; return iterate(this, "keys") }
    values() { this.#list; return iterate(this, "values") }
    entries() { this.#list; return iterate(this, "entries") }
    forEach(callback, thisArg = undefined) {
      this.#list;
      required(arguments.length, 1, "URLSearchParams.forEach");
      if (typeof callback !== "function") throw new TypeError("the callback must be a function");
      for (let i = 0; i < this.#list.length; i++) Reflect.apply(callback, thisArg, [this.#list[i][1], this.#list[i][0], this]);
    }
  }
  const iterate = webidl.pairIterator("URLSearchParams", (params) => paramsOf(params));
  Object.defineProperty(URLSearchParams.prototype, Symbol.iterator, { value: URLSearchParams.prototype.entries, writable: true, configurable: true });
  webidl.install("URLSearchParams", URLSearchParams, { length: 0 });

  const pairs = (text) => {
    const flat = parseForm(text), list = [];
    for (let i = 0; i < flat.length; i += 2) list.push([flat[i], flat[i + 1]]);
    return list;
  };

  const HREF = 0, PROTOCOL = 1, USERNAME = 2, PASSWORD = 3, HOST = 4, HOSTNAME = 5, PORT = 6, PATHNAME = 7, SEARCH = 8, HASH = 9, ORIGIN = 10;

  class URL {
    #parts;
    #params = null;
    constructor(url, base = undefined) {
      required(arguments.length, 1, "URL");
      const text = usvString(url);
      const parts = parseUrl(text, base === undefined ? undefined : usvString(base));
      if (parts === null || parts === undefined) throw new TypeError(`Invalid URL: ${text}`);
      this.#parts = parts;
    }
    static canParse(url, base = undefined) {
      required(arguments.length, 1, "URL.canParse");
      return (parseUrl(usvString(url), base === undefined ? undefined : usvString(base)) ?? null) !== null;
    }
    static parse(url, base = undefined) {
      required(arguments.length, 1, "URL.parse");
      const text = usvString(url), against = base === undefined ? undefined : usvString(base);
      return URL.canParse(text, against) ? new URL(text, against) : null;
    }
    #set(part, value) {
      const parts = setUrl(this.#parts[HREF], part, usvString(value));
      if (parts) this.#parts = parts;
    }
    #refresh() {
      if (this.#params) setList(this.#params, pairs(this.#parts[SEARCH].slice(1)));
    }
    get href() { return this.#parts[HREF] }
    set href(value) {
      const text = usvString(value);
      const parts = parseUrl(text, undefined);
      if (parts === null || parts === undefined) throw new TypeError(`Invalid URL: ${text}`);
      this.#parts = parts;
      this.#refresh();
    }
    get origin() { return this.#parts[ORIGIN] }
    get protocol() { return this.#parts[PROTOCOL] }
    set protocol(value) { this.#set("protocol", value) }
    get username() { return this.#parts[USERNAME] }
    set username(value) { this.#set("username", value) }
    get password() { return this.#parts[PASSWORD] }
    set password(value) { this.#set("password", value) }
    get host() { return this.#parts[HOST] }
    set host(value) { this.#set("host", value) }
    get hostname() { return this.#parts[HOSTNAME] }
    set hostname(value) { this.#set("hostname", value) }
    get port() { return this.#parts[PORT] }
    set port(value) { this.#set("port", value) }
    get pathname() { return this.#parts[PATHNAME] }
    set pathname(value) { this.#set("pathname", value) }
    get search() { return this.#parts[SEARCH] }
    set search(value) {
      this.#set("search", value);
      this.#refresh();
    }
    get searchParams() {
      if (this.#params === null) {
        this.#params = new URLSearchParams(this.#parts[SEARCH].slice(1));
        setList(this.#params, pairs(this.#parts[SEARCH].slice(1)));
        attach(this.#params, (search) => this.#set("search", search));
      }
      return this.#params;
    }
    get hash() { return this.#parts[HASH] }
    set hash(value) { this.#set("hash", value) }
    toString() { return this.#parts[HREF] }
    toJSON() { return this.#parts[HREF] }
  }
  webidl.install("URL", URL, { length: 1 });

  internals.parseUrl = (text) => parseUrl(text, undefined) ?? null;
  internals.isSearchParams = (value) => {
    if (typeof value !== "object" || value === null) return false;
    try { paramsOf(value); return true } catch { return false }
  };
  internals.formPairs = pairs;
}
