// URL and URLSearchParams (URL Standard §6).
({ parseUrl, setUrl, urlOrigin, parseForm, serializeForm }, internals) => {
  const { webidl } = internals;
  const { usvString, required } = webidl;
  let flatOf, isSearchParams, changed, attached, replace, reset;

  // Names and values in turn: a list of pairs would cost an array for each.
  class URLSearchParams {
    #flat = null; // null: what is in #text has not been parsed yet
    #text = "";
    #update = null; // called with the serialisation after each change
    static {
      flatOf = (params) => (params.#flat ??= parseForm(params.#text));
      isSearchParams = (value) => typeof value === "object" && value !== null && #flat in value;
      changed = (params) => { if (params.#update !== null) params.#update(params.toString()) };
      attached = (text, update) => {
        const params = new URLSearchParams();
        params.#text = text;
        params.#flat = null;
        params.#update = update;
        return params;
      };
      replace = (params, flat) => { params.#flat = flat };
      reset = (params, text) => {
        params.#text = text;
        params.#flat = null;
      };
    }
    constructor(init = "") {
      if ((typeof init === "object" && init !== null) || typeof init === "function") {
        const flat = [], iterator = init[Symbol.iterator];
        if (iterator !== undefined && iterator !== null) {
          if (typeof iterator !== "function") throw new TypeError("init is not iterable");
          for (const pair of init) {
            if (typeof pair !== "object" || pair === null || typeof pair[Symbol.iterator] !== "function") throw new TypeError("each element of init must be a pair");
            const items = [...pair];
            if (items.length !== 2) throw new TypeError("each element of init must have exactly two items");
            flat.push(usvString(items[0]), usvString(items[1]));
          }
        } else {
          const record = new Map();
          for (const key of Reflect.ownKeys(init)) {
            if (!Reflect.getOwnPropertyDescriptor(init, key)?.enumerable) continue;
            record.set(usvString(key), usvString(init[key]));
          }
          for (const [name, value] of record) flat.push(name, value);
        }
        this.#flat = flat;
      } else {
        const text = usvString(init);
        this.#text = text[0] === "?" ? text.slice(1) : text;
      }
    }
    get size() { return flatOf(this).length / 2 }
    append(name, value) {
      const flat = flatOf(this);
      required(arguments.length, 2, "URLSearchParams.append");
      flat.push(usvString(name), usvString(value));
      changed(this);
    }
    delete(name, value = undefined) {
      const flat = flatOf(this);
      required(arguments.length, 1, "URLSearchParams.delete");
      name = usvString(name);
      if (value !== undefined) value = usvString(value);
      const kept = [];
      for (let i = 0; i < flat.length; i += 2) {
        if (flat[i] !== name || (value !== undefined && flat[i + 1] !== value)) kept.push(flat[i], flat[i + 1]);
      }
      replace(this, kept);
      changed(this);
    }
    get(name) {
      const flat = flatOf(this);
      required(arguments.length, 1, "URLSearchParams.get");
      name = usvString(name);
      for (let i = 0; i < flat.length; i += 2) if (flat[i] === name) return flat[i + 1];
      return null;
    }
    getAll(name) {
      const flat = flatOf(this), found = [];
      required(arguments.length, 1, "URLSearchParams.getAll");
      name = usvString(name);
      for (let i = 0; i < flat.length; i += 2) if (flat[i] === name) found.push(flat[i + 1]);
      return found;
    }
    has(name, value = undefined) {
      const flat = flatOf(this);
      required(arguments.length, 1, "URLSearchParams.has");
      name = usvString(name);
      if (value !== undefined) value = usvString(value);
      for (let i = 0; i < flat.length; i += 2) {
        if (flat[i] === name && (value === undefined || flat[i + 1] === value)) return true;
      }
      return false;
    }
    set(name, value) {
      const flat = flatOf(this), kept = [];
      required(arguments.length, 2, "URLSearchParams.set");
      name = usvString(name);
      value = usvString(value);
      let found = false;
      for (let i = 0; i < flat.length; i += 2) {
        if (flat[i] !== name) kept.push(flat[i], flat[i + 1]);
        else if (!found) {
          kept.push(name, value);
          found = true;
        }
      }
      if (!found) kept.push(name, value);
      replace(this, kept);
      changed(this);
    }
    sort() {
      const sorted = pairsOf(this).sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
      replace(this, sorted.flat());
      changed(this);
    }
    toString() { return serializeForm(flatOf(this)) }
    keys() { this.#flat; return iterate(this, "keys") }
    values() { this.#flat; return iterate(this, "values") }
    entries() { this.#flat; return iterate(this, "entries") }
    forEach(callback, thisArg = undefined) {
      this.#flat;
      required(arguments.length, 1, "URLSearchParams.forEach");
      if (typeof callback !== "function") throw new TypeError("the callback must be a function");
      for (let i = 0; i < flatOf(this).length; i += 2) Reflect.apply(callback, thisArg, [flatOf(this)[i + 1], flatOf(this)[i], this]);
    }
  }
  const pairsOf = (params) => {
    const flat = flatOf(params), list = [];
    for (let i = 0; i < flat.length; i += 2) list.push([flat[i], flat[i + 1]]);
    return list;
  };
  const iterate = webidl.pairIterator("URLSearchParams", pairsOf);
  Object.defineProperty(URLSearchParams.prototype, Symbol.iterator, { value: URLSearchParams.prototype.entries, writable: true, configurable: true });
  webidl.install("URLSearchParams", URLSearchParams, { length: 0 });

  // What `parseUrl` gives: the whole text, then for each part where it begins and ends there.
  const HREF = 0, PROTOCOL = 1, USERNAME = 3, PASSWORD = 5, HOST = 7, HOSTNAME = 9, PORT = 11, PATHNAME = 13, SEARCH = 15, HASH = 17;

  let part, set, refresh;
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
    static {
      // Private methods would cost each object a brand of its own.
      part = (url, which) => { const parts = url.#parts; return parts[HREF].slice(parts[which], parts[which + 1]) };
      set = (url, name, value) => {
        const parts = setUrl(url.#parts[HREF], name, usvString(value));
        if (parts) url.#parts = parts;
      };
      refresh = (url) => { if (url.#params !== null) reset(url.#params, part(url, SEARCH).slice(1)) };
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
    get href() { return this.#parts[HREF] }
    set href(value) {
      const text = usvString(value);
      const parts = parseUrl(text, undefined);
      if (parts === null || parts === undefined) throw new TypeError(`Invalid URL: ${text}`);
      this.#parts = parts;
      refresh(this);
    }
    get origin() { return urlOrigin(this.#parts[HREF]) }
    get protocol() { return part(this, PROTOCOL) }
    set protocol(value) { set(this, "protocol", value) }
    get username() { return part(this, USERNAME) }
    set username(value) { set(this, "username", value) }
    get password() { return part(this, PASSWORD) }
    set password(value) { set(this, "password", value) }
    get host() { return part(this, HOST) }
    set host(value) { set(this, "host", value) }
    get hostname() { return part(this, HOSTNAME) }
    set hostname(value) { set(this, "hostname", value) }
    get port() { return part(this, PORT) }
    set port(value) { set(this, "port", value) }
    get pathname() { return part(this, PATHNAME) }
    set pathname(value) { set(this, "pathname", value) }
    get search() { return part(this, SEARCH) }
    set search(value) {
      set(this, "search", value);
      refresh(this);
    }
    get searchParams() {
      return (this.#params ??= attached(part(this, SEARCH).slice(1), (search) => set(this, "search", search)));
    }
    get hash() { return part(this, HASH) }
    set hash(value) { set(this, "hash", value) }
    toString() { return this.#parts[HREF] }
    toJSON() { return this.#parts[HREF] }
  }
  webidl.install("URL", URL, { length: 1 });

  // The text of a URL made whole, and whether it has credentials; null when it is none.
  internals.parseUrl = (text) => {
    const parts = parseUrl(text, undefined) ?? null;
    return parts && { href: parts[HREF], credentials: parts[USERNAME] !== parts[USERNAME + 1] || parts[PASSWORD] !== parts[PASSWORD + 1] };
  };
  internals.isSearchParams = isSearchParams;
}
