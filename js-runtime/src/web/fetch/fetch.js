// Request and Response (Fetch Standard §5.4, §5.5). Both are lazy: a request's head is parsed when something of it is
// asked for; a response made of a string is no more than that until somebody looks at its parts.
(natives, internals) => {
  const { webidl, body: bodies, headers: headerLists } = internals;
  const { required, usvString, byteString } = webidl;
  const { parse, stringify } = JSON;
  const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
  const REASON = /^[\t\x20-\x7e\x80-\xff]*$/;
  const INTERNAL = Symbol("internal");
  const NULL_BODY_STATUS = [101, 103, 204, 205, 304];

  const withType = (headers, type) => { if (type !== null) headerLists.setDefaultType(headers, type) };
  const copy = ({ source, type }) => ({ source: typeof source === "string" || source === null ? source : source.slice(), type, used: false });

  // --- Request -------------------------------------------------------------------------------------------------------
  const ENUMS = {
    referrerPolicy: ["", "no-referrer", "no-referrer-when-downgrade", "same-origin", "origin", "strict-origin", "origin-when-cross-origin", "strict-origin-when-cross-origin", "unsafe-url"],
    mode: ["same-origin", "no-cors", "cors"],
    credentials: ["omit", "same-origin", "include"],
    cache: ["default", "no-store", "reload", "no-cache", "force-cache", "only-if-cached"],
    redirect: ["follow", "error", "manual"],
  };
  const DEFAULTS = { referrer: "about:client", referrerPolicy: "", mode: "cors", credentials: "same-origin", cache: "default", redirect: "follow", integrity: "", keepalive: false };

  const normalMethod = (value) => {
    const method = byteString(value, "method");
    if (!TOKEN.test(method)) throw new TypeError(`"${method}" is not a valid HTTP method`);
    const upper = method.toUpperCase();
    if (["CONNECT", "TRACE", "TRACK"].includes(upper)) throw new TypeError(`the method ${method} is forbidden`);
    return ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"].includes(upper) ? upper : method;
  };

  class Request {
    #raw; // the event's head, unparsed
    #head = null; // { method, url, headers }
    #headers = null;
    #body;
    #signal = null;
    #options = DEFAULTS;
    constructor(input, init = undefined) {
      if (input === INTERNAL) {
        this.#raw = null;
        this.#body = { source: null, type: null, used: false };
        return;
      }
      required(arguments.length, 1, "Request");
      let from = null, url;
      if (typeof input === "object" && input !== null && #raw in input) from = input;
      else url = usvString(input);
      const options = webidl.dictionary(init, "init");
      if (from === null) {
        const parts = internals.parseUrl(url);
        if (parts === null) throw new TypeError(`Invalid URL: ${url}; a request needs an absolute URL`);
        if (parts.credentials) throw new TypeError("a request's URL cannot include credentials");
        url = parts.href;
      } else url = from.#get().url;
      if (options.window !== undefined && options.window !== null) throw new TypeError("window must be null");
      const given = { ...(from === null ? DEFAULTS : from.#options) };
      let wanted = false;
      for (const name of ["referrer", "referrerPolicy", "mode", "credentials", "cache", "redirect", "integrity", "keepalive"]) {
        const value = options[name];
        if (value === undefined) continue;
        wanted = true;
        given[name] = name === "keepalive" ? Boolean(value) : `${value}`;
        if (name === "mode" && given.mode === "navigate") throw new TypeError("mode cannot be navigate");
        if (ENUMS[name] && !ENUMS[name].includes(given[name])) throw new TypeError(`"${given[name]}" is not a valid ${name}`);
      }
      if (options.referrer !== undefined) {
        const referrer = usvString(options.referrer);
        if (referrer === "") given.referrer = "";
        else {
          const parts = internals.parseUrl(referrer);
          if (parts === null) throw new TypeError(`Invalid referrer: ${referrer}`);
          given.referrer = parts.href;
        }
      }
      if (given.cache === "only-if-cached" && given.mode !== "same-origin") throw new TypeError("cache only-if-cached needs mode same-origin");
      const method = options.method === undefined ? (from === null ? "GET" : from.#get().method) : normalMethod(options.method);
      if (given.mode === "no-cors" && !["GET", "HEAD", "POST"].includes(method)) throw new TypeError(`mode no-cors does not allow ${method}`);
      if (options.duplex !== undefined && options.duplex !== "half") throw new TypeError('duplex must be "half"');
      let signal = from?.#signal ?? null;
      if ("signal" in options && options.signal !== undefined) {
        signal = options.signal;
        if (signal !== null && !internals.isAbortSignal(signal)) throw new TypeError("signal must be an AbortSignal or null");
      }
      const headers = new Headers();
      if (options.headers !== undefined) headerLists.fill(headers, options.headers);
      else if (from !== null) for (const [name, value] of headerLists.list(from.headers)) headerLists.add(headers, name, value);
      const hasBody = options.body !== undefined && options.body !== null;
      const inherited = from !== null && from.#body.source !== null;
      if ((hasBody || (inherited && options.body === undefined)) && (method === "GET" || method === "HEAD")) {
        throw new TypeError(`a ${method} request cannot have a body`);
      }
      let body_;
      if (hasBody) {
        body_ = bodies.extract(options.body);
        withType(headers, body_.type);
      } else if (inherited && options.body === undefined) {
        if (bodies.isUsed(from.#body)) throw new TypeError("the body of the given request has already been read");
        body_ = copy(from.#body);
        bodies.use(from.#body);
      } else body_ = bodies.extract(null);
      this.#raw = null;
      this.#head = { method, url };
      this.#headers = headers;
      this.#body = body_;
      this.#signal = internals.dependentSignal(signal);
      this.#options = wanted || from !== null ? given : DEFAULTS;
    }
    #get() { return (this.#head ??= parse(this.#raw)) }
    get method() { return this.#get().method }
    get url() { return this.#get().url }
    get headers() { return (this.#headers ??= headerLists.wrap(this.#get().headers, headerLists.NONE)) }
    get destination() { this.#raw; return "" }
    get referrer() { return this.#options.referrer }
    get referrerPolicy() { return this.#options.referrerPolicy }
    get mode() { return this.#options.mode }
    get credentials() { return this.#options.credentials }
    get cache() { return this.#options.cache }
    get redirect() { return this.#options.redirect }
    get integrity() { return this.#options.integrity }
    get keepalive() { return this.#options.keepalive }
    get isReloadNavigation() { this.#raw; return false }
    get isHistoryNavigation() { this.#raw; return false }
    get signal() { return (this.#signal ??= internals.dependentSignal(null)) }
    get duplex() { this.#raw; return "half" }
    clone() {
      if (bodies.isUsed(this.#body)) throw new TypeError("the body has already been read");
      const clone = new Request(INTERNAL);
      clone.#raw = this.#raw;
      clone.#head = this.#head;
      clone.#headers = headerLists.wrap(headerLists.list(this.headers).map((pair) => [...pair]), headerLists.NONE);
      clone.#body = copy(this.#body);
      clone.#signal = internals.dependentSignal(this.signal);
      clone.#options = this.#options;
      return clone;
    }
    static {
      bodies.mixin(Request, (request) => request.#body);
      // A heap serves one invocation: its request was made with the engine and is filled in when the event comes.
      const incoming = new Request(INTERNAL);
      const { Uint8Array } = globalThis;
      internals.requestFromEvent = (head, body) => {
        incoming.#raw = head;
        if (body !== null) incoming.#body.source = new Uint8Array(body);
        return incoming;
      };
    }
  }
  webidl.install("Request", Request, { length: 1 });

  // --- Response ------------------------------------------------------------------------------------------------------
  const TEXT = "text/plain;charset=UTF-8", JSON_TYPE = "application/json";
  const PLAIN = { status: 200, statusText: "", headers: null, type: "default" };

  class Response {
    #body; // a string as it was given, or what body.js calls a body
    #init = PLAIN; // its own once it differs; `headers` is made when somebody looks, or when init has some
    static #make(body, init) {
      const response = new Response(""); // the cheapest way
      response.#body = body;
      response.#init = init;
      return response;
    }
    static #bodyOf(response) {
      const body = response.#body;
      return typeof body === "string" ? (response.#body = { source: body, type: TEXT, used: false }) : body;
    }
    constructor(body = null, init = undefined) {
      if (init === undefined && typeof body === "string") {
        this.#body = body;
        return;
      }
      const options = webidl.dictionary(init, "init");
      const extracted = bodies.extract(body);
      this.#body = extracted;
      const { headers, status, statusText } = options;
      if (status === undefined && statusText === undefined && headers === undefined) return;
      const own = { status: 200, statusText: "", headers: null, type: "default" };
      if (status !== undefined) {
        own.status = webidl.unsignedShort(status);
        if (own.status < 200 || own.status > 599) throw new RangeError(`status ${own.status} is outside 200 to 599`);
      }
      if (statusText !== undefined) {
        own.statusText = byteString(statusText, "statusText");
        if (!REASON.test(own.statusText)) throw new TypeError("statusText has a character that a reason phrase cannot have");
      }
      if (headers !== undefined) {
        own.headers = new Headers();
        headerLists.fill(own.headers, headers);
        withType(own.headers, extracted.type);
      }
      if (extracted.source !== null && NULL_BODY_STATUS.includes(own.status)) throw new TypeError(`a response with status ${own.status} cannot have a body`);
      this.#init = own;
    }
    static error() {
      return Response.#make(bodies.extract(null), { status: 0, statusText: "", headers: headerLists.wrap([], headerLists.IMMUTABLE), type: "error" });
    }
    static redirect(url, status = 302) {
      required(arguments.length, 1, "Response.redirect");
      const text = usvString(url);
      const parsed = internals.parseUrl(text);
      if (parsed === null) throw new TypeError(`Invalid URL: ${text}; a redirect needs an absolute URL`);
      const code = webidl.unsignedShort(status);
      if (![301, 302, 303, 307, 308].includes(code)) throw new RangeError(`status ${code} is no redirect status`);
      const headers = headerLists.wrap([["location", parsed.href]], headerLists.IMMUTABLE);
      return Response.#make(bodies.extract(null), { ...PLAIN, status: code, headers });
    }
    static json(data, init = undefined) {
      required(arguments.length, 1, "Response.json");
      const text = stringify(data);
      if (text === undefined) throw new TypeError("the data cannot be expressed as JSON");
      if (init === undefined) return Response.#make({ source: text, type: JSON_TYPE, used: false }, PLAIN);
      // Headers may be an iterable that can be read once.
      const { headers, ...rest } = webidl.dictionary(init, "init");
      const given = new Headers(headers);
      withType(given, JSON_TYPE);
      return new Response(text, { ...rest, headers: given });
    }
    get type() { return this.#init.type }
    get url() { this.#body; return "" }
    get redirected() { this.#body; return false }
    get status() { return this.#init.status }
    get ok() { const { status } = this.#init; return status >= 200 && status <= 299 }
    get statusText() { return this.#init.statusText }
    get headers() {
      if (this.#init.headers === null) {
        const headers = new Headers();
        withType(headers, Response.#bodyOf(this).type);
        this.#init = { ...this.#init, headers };
      }
      return this.#init.headers;
    }
    clone() {
      const body = Response.#bodyOf(this), { type } = this.#init;
      if (bodies.isUsed(body)) throw new TypeError("the body has already been read");
      const headers = headerLists.wrap(headerLists.list(this.headers).map((pair) => [...pair]), type === "error" ? headerLists.IMMUTABLE : headerLists.NONE);
      return Response.#make(copy(body), { ...this.#init, headers });
    }
    static {
      bodies.mixin(Response, Response.#bodyOf);
      internals.isResponse = (object) => #body in object;
      // The head that the host gets; null for that of a plain text.
      internals.responseHead = (response) => {
        const init = response.#init, body = response.#body;
        if (init === PLAIN && typeof body === "string") return null;
        const { status, statusText, headers, type } = init;
        if (type === "error") throw new TypeError("Response.error() cannot be sent to a client");
        const contentType = typeof body === "string" ? TEXT : body.type;
        const list = headers !== null ? headerLists.json(headers)
          : contentType === JSON_TYPE ? '[["content-type","application/json"]]'
          : contentType === null ? "[]"
          : `[["content-type",${stringify(contentType)}]]`;
        const reason = statusText === "" ? "" : `,"statusText":${stringify(statusText)}`;
        return `{"type":"response","status":${status}${reason},"headers":${list}}`;
      };
      internals.takeBody = (response) => {
        const body = response.#body;
        if (typeof body === "string") return body;
        if (bodies.isUsed(body)) throw new TypeError("the response's body has already been read, so it cannot be sent");
        if (body.source !== null) bodies.use(body);
        return body.source;
      };
    }
  }
  webidl.install("Response", Response, { length: 0 });

  internals.parseEvent = (body) => (body === null ? null : parse(bodies.textOf(new Uint8Array(body))));
}
