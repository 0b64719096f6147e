// Request (Fetch Standard §5.4). It is lazy: the head of an event is parsed when a handler asks for a part of it.
import type { HttpEvent } from "../../js/abi.js";
import { NativeUint8Array, parse } from "../../js/primordials.js";
import { type AbortSignal, dependentSignal } from "../abort/abort.js";
import { type Body, exists, extract, mixin, take, whole } from "../body/body.js";
import { cloned, moved } from "../body/share.js";
import type { Source } from "../body/source.js";
import {
  add,
  copyOf,
  fill,
  Guard,
  type HeaderList,
  Headers,
  listOf,
  setDefaultType,
  wrap,
} from "../headers/headers.js";
import type { ReadableStream } from "../streams/streams.js";
import { parseAbsolute } from "../url/url.js";
import { dictionary, install, required, usvString } from "../webidl/webidl.js";
import { DEFAULTS, readMethod, readOptions, readSignal, type RequestInit } from "./options.js";

type Head = Pick<HttpEvent, "method" | "url"> & Partial<Pick<HttpEvent, "headers">>;

const INTERNAL = Symbol("internal");

const absoluteUrl = (text: string): string => {
  const parts = parseAbsolute(text);
  if (parts === undefined) throw new TypeError(`Invalid URL: ${text}; a request needs an absolute URL`);
  if (parts.credentials) throw new TypeError("a request's URL cannot include credentials");
  return parts.href;
};

/** What a fetch sends. */
export interface Outgoing {
  method: string;
  url: string;
  headers: HeaderList;
  redirect: string;
  /** A stream where it is not held whole. */
  body: Source | ReadableStream;
  signal: AbortSignal | null;
}

/** The parts of a request that is sent; its body counts as read. */
export let outgoing: (request: Request) => Outgoing;
/** The request of the event: a heap serves one invocation, so it was made with the engine and is only filled in. */
export let requestFromEvent: (head: string, body: ArrayBuffer | null) => Request;

export class Request {
  /** The event's head, unparsed. */
  #raw = "";
  #head: Head | null = null;
  #headers: Headers | null = null;
  #body: Body;
  #signal: AbortSignal | null = null;
  #options = DEFAULTS;
  constructor(input: unknown, init: RequestInit | undefined = undefined) {
    if (input === INTERNAL) {
      this.#body = whole(null, null);
      return;
    }
    required(arguments.length, 1, "Request");
    const from = typeof input === "object" && input !== null && #raw in input ? input : null;
    const text = from === null ? usvString(input) : "";
    const given = dictionary(init, "init") as RequestInit;
    const url = from === null ? absoluteUrl(text) : from.#get().url;
    const options = readOptions(given, from === null ? DEFAULTS : from.#options);
    const method = readMethod(given, from === null ? "GET" : from.#get().method, options.mode);
    const signal = readSignal(given, from === null ? null : from.#signal);
    const headers = new Headers();
    if (given.headers !== undefined) fill(headers, given.headers);
    else if (from !== null) for (const [name, value] of listOf(from.headers)) add(headers, name, value);
    this.#body = Request.#bodyFor(given.body, from, method, headers);
    this.#head = { method, url };
    this.#headers = headers;
    this.#signal = dependentSignal(signal);
    this.#options = options;
  }
  /** The body that the constructor's arguments say, and its content type among the headers. */
  static #bodyFor(given: unknown, from: Request | null, method: string, headers: Headers): Body {
    const hasBody = given !== undefined && given !== null;
    const inherits = from !== null && exists(from.#body) && given === undefined;
    if ((hasBody || inherits) && (method === "GET" || method === "HEAD")) {
      throw new TypeError(`a ${method} request cannot have a body`);
    }
    if (inherits) return moved(from.#body);
    const body = extract(hasBody ? given : null);
    setDefaultType(headers, body.type);
    return body;
  }
  #get(): Head {
    return (this.#head ??= parse(this.#raw) as Head);
  }
  get method(): string {
    return this.#get().method;
  }
  get url(): string {
    return this.#get().url;
  }
  get headers(): Headers {
    return (this.#headers ??= wrap(this.#get().headers ?? [], Guard.None));
  }
  get destination(): string {
    void this.#raw;
    return "";
  }
  get referrer(): string {
    return this.#options.referrer;
  }
  get referrerPolicy(): string {
    return this.#options.referrerPolicy;
  }
  get mode(): string {
    return this.#options.mode;
  }
  get credentials(): string {
    return this.#options.credentials;
  }
  get cache(): string {
    return this.#options.cache;
  }
  get redirect(): string {
    return this.#options.redirect;
  }
  get integrity(): string {
    return this.#options.integrity;
  }
  get keepalive(): boolean {
    return this.#options.keepalive;
  }
  get isReloadNavigation(): boolean {
    void this.#raw;
    return false;
  }
  get isHistoryNavigation(): boolean {
    void this.#raw;
    return false;
  }
  get signal(): AbortSignal {
    return (this.#signal ??= dependentSignal(null));
  }
  get duplex(): string {
    void this.#raw;
    return "half";
  }
  clone(): Request {
    const body = cloned(this.#body);
    const clone = new Request(INTERNAL);
    clone.#raw = this.#raw;
    clone.#head = this.#head;
    clone.#headers = copyOf(this.headers, Guard.None);
    clone.#body = body;
    clone.#signal = dependentSignal(this.signal);
    clone.#options = this.#options;
    return clone;
  }
  static {
    mixin(Request, (request: Request) => request.#body);
    outgoing = (request) => {
      const { method, url } = request.#get();
      const body = take(request.#body, "the request's body");
      return {
        method,
        url,
        headers: listOf(request.headers),
        redirect: request.#options.redirect,
        body,
        signal: request.#signal,
      };
    };
    const incoming = new Request(INTERNAL);
    requestFromEvent = (head, body) => {
      incoming.#raw = head;
      if (body !== null) incoming.#body.source = new NativeUint8Array(body);
      return incoming;
    };
  }
}
install("Request", Request, 1);
