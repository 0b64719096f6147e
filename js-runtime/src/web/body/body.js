// The Body mixin of Request and Response (Fetch Standard §5.3). A body is held whole: a string until bytes are asked for.
(natives, internals) => {
  const { webidl, utf8 } = internals;
  const { defineProperty } = Object;

  // { source: string | Uint8Array | null, type: content type or null, used }. Lone surrogates of a string are replaced when it is
  // read or sent: mostly there are none.
  const extract = (value) => {
    if (value === null || value === undefined) return { source: null, type: null, used: false };
    if (typeof value === "string") return { source: value, type: "text/plain;charset=UTF-8", used: false };
    if (typeof value === "object") {
      const bytes = webidl.bytesOf(value);
      if (bytes !== undefined) return { source: bytes.slice(), type: null, used: false };
      if (internals.isSearchParams(value)) return { source: value.toString(), type: "application/x-www-form-urlencoded;charset=UTF-8", used: false };
    }
    return { source: webidl.usvString(value), type: "text/plain;charset=UTF-8", used: false };
  };

  const bytesOf = (source) => (source === null ? new Uint8Array() : typeof source === "string" ? utf8.encode(source) : source);
  const withoutMark = (text) => (text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  const textOf = (source) => (source === null ? "" : typeof source === "string" ? withoutMark(webidl.usvString(source)) : utf8.decode(source));

  const consume = (body) => {
    if (body.used) throw new TypeError("the body has already been read");
    if (body.source !== null) body.used = true;
    return body.source;
  };

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
    attribute("bodyUsed", (object) => get(object).used);
  };

  internals.body = { extract, mixin, bytesOf, textOf };
}
