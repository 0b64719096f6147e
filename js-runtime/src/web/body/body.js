// The Body mixin of Request and Response (Fetch Standard §5.3). A body is held whole: a string until bytes are asked for.
// `body` is a stream of one chunk (Streams Standard §4, without pipes and byte readers), made when somebody asks for it.
(natives, internals) => {
  const { webidl, utf8 } = internals;
  const { defineProperty } = Object;

  // { source: string | Uint8Array | null, type: content type or null, used, of: the body whose stream this was made of, or undefined,
  // stream: what `body` gave, or undefined }. Lone surrogates of a string are replaced when it is read or sent: mostly there are none.
  const extract = (value) => {
    if (value === null || value === undefined) return { source: null, type: null, used: false };
    if (typeof value === "string") return { source: value, type: "text/plain;charset=UTF-8", used: false };
    if (typeof value === "object") {
      const bytes = webidl.bytesOf(value);
      if (bytes !== undefined) return { source: bytes.slice(), type: null, used: false };
      if (internals.isSearchParams(value)) return { source: value.toString(), type: "application/x-www-form-urlencoded;charset=UTF-8", used: false };
      const of = bodyOf(value);
      if (of !== undefined) {
        if (isUsed(of) || value.locked) throw new TypeError("the body has already been read, or has a reader");
        return { source: of.source, type: null, used: false, of, stream: value };
      }
    }
    return { source: webidl.usvString(value), type: "text/plain;charset=UTF-8", used: false };
  };

  // A stream may be the body of several objects: who reads one has read them all.
  const isUsed = (body) => body.used || (body.of !== undefined && isUsed(body.of));
  const isLocked = (body) => body.stream !== undefined && body.stream.locked;
  const use = (body) => {
    for (let each = body; each !== undefined; each = each.of) each.used = true;
  };

  const bytesOf = (source) => (source === null ? new Uint8Array() : typeof source === "string" ? utf8.encode(source) : source);
  const withoutMark = (text) => (text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  const textOf = (source) => (source === null ? "" : typeof source === "string" ? withoutMark(webidl.usvString(source)) : utf8.decode(source));

  const consume = (body) => {
    if (isUsed(body)) throw new TypeError("the body has already been read");
    if (isLocked(body)) throw new TypeError("the body has a reader; call releaseLock() on it first");
    if (body.source !== null) use(body);
    return body.source;
  };

  const unavailable = (name) => {
    throw new TypeError(`${name} is not available: a body is whole. Pass it on as a body, or read it with text(), json(), bytes(), getReader() or for await`);
  };

  // What `request.body` and `response.body` give. Nobody can construct one: the global ReadableStream is not there.
  let bodyOf;
  class ReadableStream {
    #body;
    #reader = null;
    #ended = false; // the one chunk was read, or nobody wants it
    constructor(body) { this.#body = body }
    get locked() { return this.#reader !== null }
    getReader(options = undefined) {
      if (options !== undefined && options !== null && options.mode !== undefined) unavailable("a byte reader (mode: \"byob\")");
      if (this.#reader !== null) throw new TypeError("the stream has a reader already");
      return (this.#reader = new Reader(() => this.#read(), () => this.#end(), () => { this.#reader = null }));
    }
    #read() {
      if (this.#ended) return { value: undefined, done: true };
      this.#ended = true;
      const { source, used } = this.#body;
      use(this.#body);
      const bytes = used ? new Uint8Array() : bytesOf(source);
      return bytes.byteLength === 0 ? { value: undefined, done: true } : { value: bytes, done: false };
    }
    #end() {
      this.#ended = true;
      use(this.#body);
    }
    async cancel() {
      if (this.#reader !== null) throw new TypeError("the stream has a reader; cancel that");
      this.#end();
    }
    tee() {
      if (this.#reader !== null) throw new TypeError("the stream has a reader already");
      const { value, done } = this.#read();
      this.#reader = new Reader(() => ({ value: undefined, done: true }), () => {}, () => {});
      return [done ? new Uint8Array() : value, done ? new Uint8Array() : value.slice()].map(
        (source) => new ReadableStream({ source, type: null, used: false }),
      );
    }
    pipeTo() { unavailable("pipeTo") }
    pipeThrough() { unavailable("pipeThrough") }
    values() {
      const reader = this.getReader();
      const iterator = {
        async next() {
          const result = await reader.read();
          if (result.done) reader.releaseLock();
          return result;
        },
        async return(value) {
          await reader.cancel();
          reader.releaseLock();
          return { value, done: true };
        },
        [Symbol.asyncIterator]() { return iterator },
      };
      return iterator;
    }
    [Symbol.asyncIterator]() { return this.values() }
    // JSON.stringify would make "{}" of it without a word.
    toJSON() { throw new TypeError("a body is not JSON; read it first, for example with await request.json()") }
    static { bodyOf = (value) => (#body in value ? value.#body : undefined) }
  }
  defineProperty(ReadableStream.prototype, Symbol.toStringTag, { value: "ReadableStream", configurable: true });
  defineProperty(ReadableStream.prototype, "constructor", { value: Object, writable: true, configurable: true });

  class Reader {
    #read; #cancel; #release;
    #resolve;
    closed = new Promise((resolve) => { this.#resolve = resolve });
    constructor(read, cancel, release) {
      this.#read = read;
      this.#cancel = cancel;
      this.#release = release;
    }
    async read() {
      if (this.#release === null) throw new TypeError("the reader was released");
      const result = this.#read();
      if (result.done) this.#resolve();
      return result;
    }
    async cancel() {
      if (this.#release === null) throw new TypeError("the reader was released");
      this.#cancel();
      this.#resolve();
    }
    releaseLock() {
      this.#release?.();
      this.#release = null;
    }
  }

  // Installs the mixin's members; `get(object)` gives the body and throws for what has none.
  const mixin = (Class, get) => {
    const methods = {
      async arrayBuffer() {
        const bytes = bytesOf(consume(get(this)));
        return bytes.buffer.byteLength === bytes.byteLength ? bytes.buffer : bytes.slice().buffer;
      },
      async bytes() { return bytesOf(consume(get(this))) },
      async json() { return JSON.parse(textOf(consume(get(this)))) },
      async text() { return textOf(consume(get(this))) },
    };
    for (const name of Object.keys(methods)) {
      defineProperty(Class.prototype, name, { value: methods[name], writable: true, enumerable: true, configurable: true });
    }
    const attribute = (name, get) => {
      const getter = Object.getOwnPropertyDescriptor({ get [name]() { return get(this) } }, name).get;
      defineProperty(Class.prototype, name, { get: getter, enumerable: true, configurable: true });
    };
    attribute("bodyUsed", (object) => isUsed(get(object)));
    attribute("body", (object) => {
      const body = get(object);
      return body.source === null ? null : (body.stream ??= new ReadableStream(body));
    });
  };

  // The bytes or text of a stream that a handler returned; undefined for anything else.
  const takeStream = (value) => {
    const body = bodyOf(value);
    return body === undefined ? undefined : consume(body);
  };

  internals.takeStream = takeStream;
  internals.body = { extract, mixin, bytesOf, textOf, isUsed, use };
}
