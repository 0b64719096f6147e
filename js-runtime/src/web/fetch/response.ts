// Response (Fetch Standard §5.5). It is lazy: a response made of a string is no more than that until its parts are looked at.
import { quote, stringify } from "../../js/primordials.js";
import { type Body, exists, extract, mixin, take, whole } from "../body/body.js";
import { cloned } from "../body/share.js";
import type { Source } from "../body/source.js";
import { copyOf, fill, Guard, type HeaderList, Headers, setDefaultType, toJson, wrap } from "../headers/headers.js";
import type { ReadableStream } from "../streams/streams.js";
import { parseAbsolute } from "../url/url.js";
import { byteString, dictionary, install, required, unsignedShort, usvString } from "../webidl/webidl.js";

const TEXT = "text/plain;charset=UTF-8";
const JSON_TYPE = "application/json";
const JSON_HEADERS = '[["content-type","application/json"]]';
const REASON = /^[\t\x20-\x7e\x80-\xff]*$/;
const NULL_BODY_STATUS = [101, 103, 204, 205, 304];

interface ResponseInit {
  status?: unknown;
  statusText?: unknown;
  headers?: unknown;
}

interface Parts {
  status: number;
  statusText: string;
  /** Made when they are looked at, or when `init` has some. */
  headers: Headers | null;
  type: "default" | "error" | "basic";
  /** Where it was fetched from. */
  url: string;
  redirected: boolean;
}
const PLAIN: Parts = { status: 200, statusText: "", headers: null, type: "default", url: "", redirected: false };

/** The head of a fetched response. */
export interface Fetched {
  url: string;
  redirected: boolean;
  status: number;
  statusText: string;
  headers: HeaderList;
}

const readInit = ({ headers, status, statusText }: ResponseInit, body: Body): Parts => {
  if (status === undefined && statusText === undefined && headers === undefined) return PLAIN;
  const own = { ...PLAIN };
  if (status !== undefined) {
    own.status = unsignedShort(status);
    if (own.status < 200 || own.status > 599) throw new RangeError(`status ${own.status} is outside 200 to 599`);
  }
  if (statusText !== undefined) {
    own.statusText = byteString(statusText, "statusText");
    if (!REASON.test(own.statusText))
      throw new TypeError("statusText has a character that a reason phrase cannot have");
  }
  if (headers !== undefined) {
    own.headers = new Headers();
    fill(own.headers, headers);
    setDefaultType(own.headers, body.type);
  }
  if (exists(body) && NULL_BODY_STATUS.includes(own.status)) {
    throw new TypeError(`a response with status ${own.status} cannot have a body`);
  }
  return own;
};

/** A response that was fetched. Its headers cannot be changed (Fetch Standard §5.6). */
export let fetched: (head: Fetched, body: Source) => Response;
export let isResponse: (value: object) => value is Response;
/** The head that the host gets; null for that of a plain text. */
export let responseHead: (response: Response) => string | null;
/** The body for the host: whole where that is possible, else a stream that nothing has read from. */
export let takeBody: (response: Response) => Source | ReadableStream;

export class Response {
  #body: string | Body;
  #parts = PLAIN;
  static #make(body: Body, parts: Parts): Response {
    const response = new Response(""); // the cheapest way
    response.#body = body;
    response.#parts = parts;
    return response;
  }
  static #bodyOf(response: Response): Body {
    const body = response.#body;
    return typeof body === "string" ? (response.#body = whole(body, TEXT)) : body;
  }
  constructor(body: unknown = null, init: ResponseInit | undefined = undefined) {
    if (init === undefined && typeof body === "string") {
      this.#body = body;
      return;
    }
    const options = dictionary(init, "init");
    const extracted = extract(body);
    this.#body = extracted;
    this.#parts = readInit(options, extracted);
  }
  static error(): Response {
    const headers = wrap([], Guard.Immutable);
    return Response.#make(extract(null), { ...PLAIN, status: 0, headers, type: "error" });
  }
  static redirect(url: unknown, status: unknown = 302): Response {
    required(arguments.length, 1, "Response.redirect");
    const text = usvString(url);
    const parsed = parseAbsolute(text);
    if (parsed === undefined) throw new TypeError(`Invalid URL: ${text}; a redirect needs an absolute URL`);
    const code = unsignedShort(status);
    if (![301, 302, 303, 307, 308].includes(code)) throw new RangeError(`status ${code} is no redirect status`);
    const headers = wrap([["location", parsed.href]], Guard.Immutable);
    return Response.#make(extract(null), { ...PLAIN, status: code, headers });
  }
  static json(data: unknown, init: ResponseInit | undefined = undefined): Response {
    required(arguments.length, 1, "Response.json");
    const text = stringify(data);
    if (text === undefined) throw new TypeError("the data cannot be expressed as JSON");
    if (init === undefined) return Response.#make(whole(text, JSON_TYPE), PLAIN);
    // Headers may be an iterable that can be read once.
    const { headers, ...rest } = dictionary(init, "init");
    const given = new Headers(headers);
    setDefaultType(given, JSON_TYPE);
    return new Response(text, { ...rest, headers: given });
  }
  get type(): string {
    return this.#parts.type;
  }
  get url(): string {
    return this.#parts.url;
  }
  get redirected(): boolean {
    return this.#parts.redirected;
  }
  get status(): number {
    return this.#parts.status;
  }
  get ok(): boolean {
    const { status } = this.#parts;
    return status >= 200 && status <= 299;
  }
  get statusText(): string {
    return this.#parts.statusText;
  }
  get headers(): Headers {
    if (this.#parts.headers !== null) return this.#parts.headers;
    const headers = new Headers();
    setDefaultType(headers, Response.#bodyOf(this).type);
    this.#parts = { ...this.#parts, headers };
    return headers;
  }
  clone(): Response {
    const body = cloned(Response.#bodyOf(this));
    const headers = copyOf(this.headers, this.#parts.type === "default" ? Guard.None : Guard.Immutable);
    return Response.#make(body, { ...this.#parts, headers });
  }
  static {
    mixin(Response, (response: Response) => Response.#bodyOf(response));
    fetched = ({ url, redirected, status, statusText, headers }, source) =>
      Response.#make(whole(source, null), {
        status,
        statusText,
        headers: wrap(headers, Guard.Immutable),
        type: "basic",
        url,
        redirected,
      });
    isResponse = (value): value is Response => #body in value;
    responseHead = (response) => {
      const parts = response.#parts;
      const body = response.#body;
      if (parts === PLAIN && typeof body === "string") return null;
      const { status, statusText, type } = parts;
      if (type === "error") throw new TypeError("Response.error() cannot be sent to a client");
      const reason = statusText === "" ? "" : `,"statusText":${quote(statusText)}`;
      const headers = headersOf(parts, typeof body === "string" ? TEXT : body.type);
      return `{"type":"response","status":${status}${reason},"headers":${headers}}`;
    };
    takeBody = (response) => {
      const body = response.#body;
      return typeof body === "string" ? body : take(body, "the response's body");
    };
  }
}
install("Response", Response, 0);

/** The header pairs as JSON. */
const headersOf = ({ headers }: Parts, contentType: string | null): string => {
  if (headers !== null) return toJson(headers);
  if (contentType === JSON_TYPE) return JSON_HEADERS;
  return contentType === null ? "[]" : `[["content-type",${quote(contentType)}]]`;
};
