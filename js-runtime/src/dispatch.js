// The dispatcher: finds a developer's handler, calls it with what the host delivered, writes what it answers.
//
// An expression: a function from the natives (see natives.rs), the Web APIs' internals and declarations.js to the dispatcher's
// functions.
// Everything it needs of the language is captured here, before a developer's code can change it.
(natives, web, { refuse, kind, readDeclarations }) => {
  const { write, submit } = natives;
  const { parse, stringify } = JSON;
  const { apply, defineProperty, deleteProperty, getOwnPropertyDescriptor, getPrototypeOf, has } = Reflect;
  const { isArray } = Array;
  const { create, freeze, keys, prototype: objectPrototype } = Object;
  const { isView } = ArrayBuffer;
  const TypedArrayPrototype = getPrototypeOf(Uint8Array.prototype);
  const getter = (prototype, name) => Object.getOwnPropertyDescriptor(prototype, name).get;
  const bufferOf = getter(TypedArrayPrototype, "buffer");
  const offsetOf = getter(TypedArrayPrototype, "byteOffset");
  const lengthOf = getter(TypedArrayPrototype, "byteLength");
  const dataBuffer = getter(DataView.prototype, "buffer");
  const dataOffset = getter(DataView.prototype, "byteOffset");
  const dataLength = getter(DataView.prototype, "byteLength");
  const isDataView = (v) => { try { apply(dataLength, v, []); return true } catch { return false } };
  const bufferLength = getter(ArrayBuffer.prototype, "byteLength");
  const isBuffer = (v) => { try { apply(bufferLength, v, []); return true } catch { return false } };
  // A throw costs microseconds; what is plainly an object or array need not be asked whether it is a buffer.
  const isPlain = (v) => { const prototype = getPrototypeOf(v); return prototype === objectPrototype || prototype === null || isArray(v) };
  const then = Promise.prototype.then;
  const NativePromise = Promise, promisePrototype = Promise.prototype;
  const NativeError = Error;
  const MapGet = Map.prototype.get, MapSet = Map.prototype.set, MapDelete = Map.prototype.delete;
  const mapSize = getter(Map.prototype, "size");
  const forEach = Map.prototype.forEach;

  const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];
  const DONE = 0, PENDING = 1;
  const HTTP = 0, ACTOR = 5, MESSAGES = 6;
  const TURN = Symbol.for("daplet.actor"); // a static method of the SDK's class Actor
  // Handlers by the kind of event, a number of the ABI; requests have more forms than this name, and actors are classes.
  const HANDLERS = ["fetch", "message", "job", "binding", "configuration", null, "messages"];
  const EVENTS = [1, 2, 3, 4, 6];

  // --- the loaded function -------------------------------------------------------------------------------------------
  let loading = true;
  let about = null; // head of the load request
  let env = null;
  let fetchHandler = null; // { fetch(request, env, ctx) }: a method call is the cheapest that keeps `this`
  const eventHandlers = HANDLERS.map(() => null); // by kind: { message(event, env, ctx) }, { job(…) }, …
  let actors = null; // classes by their exports' names, when the module exports some
  let methods = null; // by name, when the module exports GET, POST, …

  // --- the invocation, fresh after each restore --------------------------------------------------------------------------
  const open = new Map(); // operation id -> [resolve, reject]
  const rejected = new Map(); // promise -> reason, while nobody handles it
  let unhandled = 0; // its size
  let nextId = 1;
  let replied = false;
  let failure = null; // description of what the function threw
  let waiting = 0; // waitUntil promises that have not settled
  let controller = null;
  let started = 0; // ms since the epoch

  // --- operations ----------------------------------------------------------------------------------------------------
  class OperationError extends NativeError {
    constructor({ code, message, details }) {
      super(message);
      this.code = code;
      if (details !== undefined && details !== null) this.details = details;
    }
  }
  Object.defineProperty(OperationError.prototype, "name", { value: "OperationError", configurable: true, writable: true });

  const call = (op, args, body) =>
    new NativePromise((resolve, reject) => {
      if (loading) {
        throw new OperationError({
          code: "UNAVAILABLE_DURING_LOAD",
          message: `${op} is not available while the module is loaded; call it inside a handler`,
        });
      }
      const id = nextId++;
      const head = stringify({ ...args, id, op });
      apply(MapSet, open, [id, [resolve, reject]]);
      submit(head, bytesOf(body));
    });

  const resume = (head, body) => {
    const { id, ok, error } = parse(head);
    const pair = apply(MapGet, open, [id]);
    if (pair === undefined) return;
    apply(MapDelete, open, [id]);
    if (error !== undefined) pair[1](new OperationError(error));
    else pair[0]({ head: ok, body: body ?? new ArrayBuffer(0) });
  };

  // A string stays one (UTF-8 on the wire); bytes become an ArrayBuffer or a Uint8Array; nothing is null.
  const bytesOf = (body) => {
    if (body === undefined || body === null) return null;
    if (typeof body === "string") return body;
    if (isView(body)) {
      if (isDataView(body)) return new Uint8Array(apply(dataBuffer, body, []), apply(dataOffset, body, []), apply(dataLength, body, []));
      return new Uint8Array(apply(bufferOf, body, []), apply(offsetOf, body, []), apply(lengthOf, body, []));
    }
    return body;
  };

  // --- loading -------------------------------------------------------------------------------------------------------
  const withMethod = (object, name) => {
    const value = object[name];
    if (value === undefined) return null;
    if (typeof value !== "function") refuse(`the "${name}" handler must be a function, not ${kind(value)}`);
    return object;
  };

  let isResponse, responseHead, takeBody, takeStream, requestFromEvent, parseEvent; // the Web APIs are made after this

  const load = (namespace, head) => {
    ({ isResponse, responseHead, takeBody, takeStream, requestFromEvent, parseEvent } = web);
    about = parse(head);
    env = freeze({ ...about.env });
    const handlers = [];
    const main = namespace.default;
    if (isActor(main)) refuse("an actor's type is the name that its class is exported by: export it by name, not as the default");
    if (typeof main === "function") {
      // A class is not a handler, but a function with handlers as properties may be both.
      fetchHandler = { __proto__: null, fetch: (request, env, ctx) => main(request, env, ctx) };
      handlers.push("fetch");
    } else if (typeof main === "object" && main !== null) {
      fetchHandler = withMethod(main, "fetch");
      if (fetchHandler) handlers.push("fetch");
      for (const kind of EVENTS) {
        eventHandlers[kind] = withMethod(main, HANDLERS[kind]);
        if (eventHandlers[kind]) handlers.push(HANDLERS[kind]);
      }
    } else if (main !== undefined) {
      refuse(`the default export must be a function or an object with "fetch", "message" or "job", not ${kind(main)}`);
    }
    for (const name of METHODS) {
      const handler = namespace[name];
      if (handler === undefined) continue;
      if (typeof handler !== "function") refuse(`the export "${name}" must be a function, not ${kind(handler)}`);
      if (fetchHandler) refuse(`export either a default handler for requests or "${name}", not both`);
      (methods ??= create(null))[name] = handler;
      handlers.push(name);
    }
    for (const kind of EVENTS) {
      const name = HANDLERS[kind];
      if (typeof namespace[name] !== "function" || eventHandlers[kind]) continue;
      eventHandlers[kind] = namespace;
      handlers.push(name);
    }
    for (const name of keys(namespace)) {
      if (isActor(namespace[name])) (actors ??= create(null))[name] = namespace[name];
    }
    if (handlers.length === 0 && actors === null) {
      refuse(
        "the module exports no handler: write `export default { fetch(request, env, ctx) { … } }`, " +
          "or export a default function, or functions named GET, POST, …, or message, messages or job, or classes that extend Actor",
      );
    }
    const declared = readDeclarations(namespace, (kind) => eventHandlers[HANDLERS.indexOf(kind)] !== null);
    const types = actors === null ? [] : keys(actors);
    const report = stringify({ handlers, ...declared, actors: types });
    apply(forEach, rejected, [(reason) => { throw reason }]);
    loading = false;
    return report;
  };

  const isActor = (value) => typeof value === "function" && typeof value[TURN] === "function";

  // --- handling ------------------------------------------------------------------------------------------------------
  let answer = null; // what is done with the handler's result: (value)
  let event = null; // the event's head: text until somebody asks for a part of it
  let eventHead = null;
  const part = (name) => (eventHead ??= parse(event))[name];
  class Context {
    #brand = true;
    get requestId() { this.#brand; return part("requestId") }
    get traceparent() { this.#brand; return part("traceparent") ?? null }
    get caller() { this.#brand; return part("caller") ?? null }
    get mount() { this.#brand; return part("mount") ?? "" }
    get attempt() { this.#brand; return part("attempt") }
    get attempts() { this.#brand; return part("attempts") }
    get pubsub() { this.#brand; return part("pubsub") }
    get topic() { this.#brand; return part("topic") }
    get route() { this.#brand; return part("route") }
    get function() { this.#brand; return about.name }
    get version() { this.#brand; return about.version }
    get env() { this.#brand; return env }
    get signal() { this.#brand; return (controller ??= web.makeAbortController()).signal }
    waitUntil(promise) {
      this.#brand;
      waiting++;
      const settled = () => { waiting-- };
      const failed = (error) => {
        waiting--;
        natives.log(3, `waitUntil: ${trace(error)}`);
      };
      apply(then, NativePromise.resolve(promise), [settled, failed]);
    }
  }
  for (const name of Object.getOwnPropertyNames(Context.prototype)) {
    if (name !== "constructor") Object.defineProperty(Context.prototype, name, { enumerable: true });
  }
  // One heap serves one invocation, so its context, like its request, is part of the snapshot and only filled in.
  const context = new Context();

  // What can be answered without a promise is. → a status that holds if no job is queued; the handler's promise, which is
  // looked at when the queue is empty (`observe`); or nothing.
  const handle = (eventKind, head, body, now) => {
    started = now;
    event = head;
    answer = ANSWERS[eventKind];
    try {
      const result =
        eventKind === HTTP ? callHttp(head, body) : eventKind === ACTOR ? callActor(head, body) : callHandler(eventKind, body);
      if (typeof result !== "object" || result === null) answer(result);
      else if (eventKind === HTTP && isResponse(result)) answerWith(result);
      else if (getPrototypeOf(result) === promisePrototype) return result;
      else if (typeof result.then === "function") return NativePromise.resolve(result);
      else answer(result);
    } catch (error) {
      fail(error);
    }
    return certain();
  };

  // How the promise that `handle` returned stands → as `handle`.
  const PENDING_PROMISE = 0, RESOLVED = 1;
  const observe = (promise, state, value) => {
    if (state === PENDING_PROMISE) apply(then, promise, [(result) => { guarded(answer, result) }, fail]);
    else if (state === RESOLVED) guarded(answer, value);
    else {
      rejection(promise, value, true);
      fail(value);
    }
    return certain();
  };
  const certain = () => (replied && waiting === 0 && failure === null && unhandled === 0 ? DONE : undefined);
  const guarded = (answer, value) => {
    try { answer(value) } catch (error) { fail(error) }
  };

  const callHttp = (head, body) => {
    if (fetchHandler !== null) return fetchHandler.fetch(requestFromEvent(head, body), env, context);
    if (methods === null) refuse(`${about.name} has no handler for requests: it exports only handlers of other events`);
    const wanted = parse(head).method;
    const handler = methods[wanted] ?? (wanted === "HEAD" ? methods.GET : undefined);
    if (handler !== undefined) return handler(requestFromEvent(head, body), env, context);
    const allowed = METHODS.filter((name) => methods[name] || (name === "HEAD" && methods.GET)).join(", ");
    emit(`{"type":"response","status":405,"headers":[["allow",${stringify(allowed)}],["content-type","text/plain;charset=UTF-8"]]}`,
      `${wanted} is not supported; allowed: ${allowed}\n`);
    return ANSWERED;
  };
  const ANSWERED = create(null);

  const callHandler = (eventKind, body) => {
    const name = HANDLERS[eventKind], handler = eventHandlers[eventKind];
    if (handler === null) refuse(`${about.name} has no "${name}" handler`);
    const value = parseEvent(body);
    if (eventKind === MESSAGES) batched = value.length;
    return handler[name](value, env, context);
  };

  const callActor = (head, body) => {
    const { type, id, method } = parse(head);
    const actor = actors === null ? undefined : actors[type];
    if (actor === undefined) refuse(`${about.name} exports no actor "${type}"`);
    const data = body === null || apply(bufferLength, body, []) === 0 ? undefined : parseEvent(body);
    return actor[TURN]({ type, id, env, ctx: context }, method, data);
  };

  const JSON_HEAD = '{"type":"response","status":200,"headers":[["content-type","application/json"]]}';
  const TEXT_HEAD = '{"type":"response","status":200,"headers":[["content-type","text/plain;charset=UTF-8"]]}';
  const BYTES_HEAD = '{"type":"response","status":200,"headers":[["content-type","application/octet-stream"]]}';
  const EMPTY_HEAD = '{"type":"response","status":204,"headers":[]}';

  const reply = (value) => {
    if (value === ANSWERED) return;
    const isObject = typeof value === "object" && value !== null;
    if (isObject && isResponse(value)) answerWith(value);
    else if (typeof value === "string") emit(TEXT_HEAD, value);
    else if (value === undefined || value === null) emit(EMPTY_HEAD, null);
    else if (isObject && !isPlain(value) && (isView(value) || isBuffer(value))) emit(BYTES_HEAD, value);
    else if (isObject || typeof value === "number" || typeof value === "boolean") {
      const streamed = isObject && !isPlain(value) ? takeStream(value) : undefined;
      if (streamed !== undefined) return emit(BYTES_HEAD, streamed);
      const json = stringify(value);
      if (json === undefined) refuse(`the handler returned ${kind(value)} that JSON cannot express`);
      emit(JSON_HEAD, json);
    } else {
      refuse(`the handler returned a ${typeof value}; return a Response, a string, an object, bytes or nothing`);
    }
  };
  // What an actor's method returned, as JSON.
  const giveBack = (value) => {
    if (typeof value === "object" && value !== null && isResponse(value)) answerWith(value);
    else if (value === undefined) emit(EMPTY_HEAD, null);
    else emit(JSON_HEAD, stringify(value) ?? refuse(`the method returned ${kind(value)} that JSON cannot express`));
  };
  const emit = (head, body) => {
    write(head, typeof body === "string" ? body : bytesOf(body));
    replied = true;
  };
  const answerWith = (response) => {
    write(responseHead(response) ?? TEXT_HEAD, takeBody(response));
    replied = true;
  };

  const ACKS = { __proto__: null, SUCCESS: "SUCCESS", RETRY: "RETRY", DROP: "DROP" };
  const acknowledge = (value) => {
    const word = typeof value === "object" && value !== null ? value.status : value;
    if (word !== undefined && word !== null && typeof word === "string" && !has(ACKS, word)) {
      natives.log(2, `the handler returned ${stringify(word)}; known are "SUCCESS", "RETRY" and "DROP"; taken as "SUCCESS"`);
    }
    emit(`{"type":"ack","status":"${(typeof word === "string" && ACKS[word]) || "SUCCESS"}"}`, null);
  };

  // What became of each event of a batch, where the handler tells them apart.
  let batched = 0; // how many were given to it
  const acknowledgeEach = (value) => {
    if (!isArray(value)) return acknowledge(value);
    let odd = value.length === batched ? undefined : `${value.length} outcomes for ${batched} events`;
    let words = "";
    for (let i = 0; i < batched; i++) {
      const word = i < value.length ? value[i] : "RETRY";
      const known = typeof word === "string" && has(ACKS, word);
      if (!known) odd ??= `${typeof word === "string" ? stringify(word) : kind(word)} for event ${i}; known are "SUCCESS", "RETRY" and "DROP"`;
      words += `${i === 0 ? "" : ","}"${known ? word : "RETRY"}"`;
    }
    if (odd !== undefined) natives.log(2, `the handler returned ${odd}; what is missing or unknown is taken as "RETRY"`);
    emit(`{"type":"acks","statuses":[${words}]}`, null);
  };
  // By the kind of event.
  const ANSWERS = [reply, acknowledge, acknowledge, reply, acknowledge, giveBack, acknowledgeEach];

  const fail = (error) => {
    if (failure === null && !replied) failure = describe(error);
    else natives.log(3, `after the reply: ${trace(error)}`);
  };

  // Where the invocation stands once the job queue is empty.
  const status = () => {
    if (failure !== null) {
      // What waitUntil was given goes on after the failure has left, as it does after a reply.
      if (waiting === 0 || apply(mapSize, open, []) === 0) return failure;
      const left = `+${failure}`;
      failure = null;
      replied = true;
      return left;
    }
    if (replied && waiting === 0) return finish(DONE);
    if (apply(mapSize, open, []) > 0) return PENDING;
    return replied ? finish(DONE) : "neverSettled";
  };
  const finish = (code) => {
    if (unhandled > 0) {
      apply(forEach, rejected, [(reason) => natives.log(3, `unhandled rejection: ${trace(reason)}`)]);
    }
    return code;
  };

  // --- whatever was thrown, as data ----------------------------------------------------------------------------------
  const attempt = (read, otherwise) => { try { return read() } catch { return otherwise } };
  const asText = (value) =>
    attempt(() => (typeof value === "string" ? value : typeof value === "symbol" ? apply(Symbol.prototype.toString, value, []) : `${value}`), "");
  // A member at a time: for an object, QuickJS's JSON.stringify goes through setters that a function may have put on Array.prototype.
  const described = (name, message, stack, cause) =>
    `{"name":${stringify(name)},"message":${stringify(message)},"stack":${stringify(stack)}${cause === undefined ? "" : `,"cause":${stringify(cause)}`}}`;
  const describe = (error, deep = true) => {
    if ((typeof error !== "object" && typeof error !== "function") || error === null) {
      return described(error === null ? "null" : typeof error, asText(error), "", undefined);
    }
    const read = (name) => attempt(() => { const value = error[name]; return value === undefined ? undefined : asText(value) }, undefined);
    const name = read("name"), message = read("message"), stack = plainly(() => read("stack"));
    const cause = deep ? attempt(() => causes(error, 0), undefined) : undefined;
    const fallback = () => attempt(() => stringify(error), undefined) ?? asText(error);
    return described(
      name ?? attempt(() => typeof error, "object"),
      message ?? (stack === undefined ? fallback() : "") ?? "",
      stack ?? "",
      cause,
    );
  };
  const text = (error) => {
    const { name, message } = parse(describe(error, false));
    return message === "" ? name : `${name}: ${message}`;
  };
  // A chain of causes on one line; it may be a circle.
  const MAX_CAUSES = 8;
  const causes = (error, depth) => {
    const cause = error === null || error === undefined || depth === MAX_CAUSES ? undefined : error.cause;
    if (cause === undefined) return undefined;
    const { name, message } = parse(describe(cause, false));
    const more = causes(cause, depth + 1);
    return `${message === "" ? name : `${name}: ${message}`}${more === undefined ? "" : `; caused by ${more}`}`;
  };
  // The stack as the engine writes it, whatever the function lets Error.prepareStackTrace make of one.
  const plainly = (read) => {
    const prepare = attempt(() => getOwnPropertyDescriptor(NativeError, "prepareStackTrace"), undefined);
    if (prepare === undefined) return read();
    attempt(() => deleteProperty(NativeError, "prepareStackTrace"));
    try {
      return read();
    } finally {
      attempt(() => defineProperty(NativeError, "prepareStackTrace", prepare));
    }
  };
  // For logs: the stack, which begins with the name and the message, and those of the causes.
  const trace = (error, depth = 0) => {
    const stack = attempt(() => plainly(() => error.stack), undefined);
    const cause = attempt(() => (depth === MAX_CAUSES ? undefined : error.cause), undefined);
    const own = typeof stack === "string" && stack !== "" ? stack : text(error);
    return cause === undefined ? own : `${own}\n  cause: ${trace(cause, depth + 1)}`;
  };

  const rejection = (promise, reason, handled) => {
    if (handled) apply(MapDelete, rejected, [promise]);
    else apply(MapSet, rejected, [promise, reason]);
    unhandled = apply(mapSize, rejected, []);
  };

  return { load, handle, resume, observe, status, describe, rejection, call, startedAt: () => started };
}
