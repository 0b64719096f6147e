// The members of RequestInit (Fetch Standard §5.4): their defaults, their values, what may stand together.
import { type AbortSignal, isAbortSignal } from "../abort/abort.js";
import { parseAbsolute } from "../url/url.js";
import { byteString, usvString } from "../webidl/webidl.js";

/** The options that a request only remembers. */
export interface Options {
  referrer: string;
  referrerPolicy: string;
  mode: string;
  credentials: string;
  cache: string;
  redirect: string;
  integrity: string;
  keepalive: boolean;
}

export type RequestInit = { [K in keyof Options]?: unknown } & {
  method?: unknown;
  headers?: unknown;
  body?: unknown;
  signal?: unknown;
  duplex?: unknown;
  window?: unknown;
};

const ENUMS: Partial<Record<keyof Options, readonly string[]>> = {
  referrerPolicy: [
    "",
    "no-referrer",
    "no-referrer-when-downgrade",
    "same-origin",
    "origin",
    "strict-origin",
    "origin-when-cross-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
  ],
  mode: ["same-origin", "no-cors", "cors"],
  credentials: ["omit", "same-origin", "include"],
  cache: ["default", "no-store", "reload", "no-cache", "force-cache", "only-if-cached"],
  redirect: ["follow", "error", "manual"],
};

export const DEFAULTS: Options = {
  referrer: "about:client",
  referrerPolicy: "",
  mode: "cors",
  credentials: "same-origin",
  cache: "default",
  redirect: "follow",
  integrity: "",
  keepalive: false,
};

const NAMES = Object.keys(DEFAULTS) as (keyof Options)[];
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const readReferrer = (value: unknown): string => {
  const referrer = usvString(value);
  if (referrer === "") return "";
  const parts = parseAbsolute(referrer);
  if (parts === undefined) throw new TypeError(`Invalid referrer: ${referrer}`);
  return parts.href;
};

/** The options of `init` over those of the request that it is based on; that one's own object where `init` has none. */
export const readOptions = (init: RequestInit, base: Options): Options => {
  if (init.window !== undefined && init.window !== null) throw new TypeError("window must be null");
  let given: Options = base;
  for (const name of NAMES) {
    const value = init[name];
    if (value === undefined) continue;
    const text = name === "keepalive" ? Boolean(value) : `${value as string}`;
    given = { ...given, [name]: text };
    if (name === "mode" && text === "navigate") throw new TypeError("mode cannot be navigate");
    if (ENUMS[name]?.includes(text as string) === false) {
      throw new TypeError(`"${text as string}" is not a valid ${name}`);
    }
  }
  if (init.referrer !== undefined) given = { ...given, referrer: readReferrer(init.referrer) };
  if (given.cache === "only-if-cached" && given.mode !== "same-origin") {
    throw new TypeError("cache only-if-cached needs mode same-origin");
  }
  return given;
};

const normalMethod = (value: unknown): string => {
  const method = byteString(value, "method");
  if (!TOKEN.test(method)) throw new TypeError(`"${method}" is not a valid HTTP method`);
  const upper = method.toUpperCase();
  if (["CONNECT", "TRACE", "TRACK"].includes(upper)) throw new TypeError(`the method ${method} is forbidden`);
  return ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"].includes(upper) ? upper : method;
};

export const readMethod = (init: RequestInit, base: string, mode: string): string => {
  const method = init.method === undefined ? base : normalMethod(init.method);
  if (mode === "no-cors" && !["GET", "HEAD", "POST"].includes(method)) {
    throw new TypeError(`mode no-cors does not allow ${method}`);
  }
  return method;
};

export const readSignal = (init: RequestInit, base: AbortSignal | null): AbortSignal | null => {
  if (init.duplex !== undefined && init.duplex !== "half") throw new TypeError('duplex must be "half"');
  const { signal } = init;
  if (signal === undefined) return base;
  if (signal !== null && !isAbortSignal(signal)) throw new TypeError("signal must be an AbortSignal or null");
  return signal;
};
