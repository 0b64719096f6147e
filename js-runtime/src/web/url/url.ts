// URL (URL Standard §6.1). Parsing is the crate `url`; see `mod.rs`.
import { parseUrl, setUrl, urlOrigin, type UrlParts } from "daplet:natives";
import { install, required, usvString } from "../webidl/webidl.js";
import { attached, reset, type URLSearchParams } from "./search-params.js";

/** Where a part's place begins in what `parseUrl` gives; its end follows. */
const enum Part {
  Protocol = 1,
  Username = 3,
  Password = 5,
  Host = 7,
  Hostname = 9,
  Port = 11,
  Pathname = 13,
  Search = 15,
  Hash = 17,
}

const textOf = (parts: UrlParts, part: Part): string => parts[0].slice(parts[part], parts[part + 1] as number);

const parse = (url: unknown, base: unknown): UrlParts | undefined =>
  parseUrl(usvString(url), base === undefined ? undefined : usvString(base));

// Private methods would cost each object a brand of its own.
let read: (url: URL, part: Part) => string;
let write: (url: URL, part: string, value: unknown) => void;
let refresh: (url: URL) => void;

export class URL {
  #parts: UrlParts;
  #params: URLSearchParams | null = null;
  constructor(url: unknown, base: unknown = undefined) {
    required(arguments.length, 1, "URL");
    const text = usvString(url);
    const parts = parse(text, base);
    if (parts === undefined) throw new TypeError(`Invalid URL: ${text}`);
    this.#parts = parts;
  }
  static {
    read = (url, part) => textOf(url.#parts, part);
    write = (url, part, value) => {
      const parts = setUrl(url.#parts[0], part, usvString(value));
      if (parts) url.#parts = parts;
    };
    refresh = (url) => {
      if (url.#params !== null) reset(url.#params, read(url, Part.Search).slice(1));
    };
  }
  static canParse(url: unknown, base: unknown = undefined): boolean {
    required(arguments.length, 1, "URL.canParse");
    return parse(url, base) !== undefined;
  }
  static parse(url: unknown, base: unknown = undefined): URL | null {
    required(arguments.length, 1, "URL.parse");
    const text = usvString(url);
    const against = base === undefined ? undefined : usvString(base);
    return parse(text, against) === undefined ? null : new URL(text, against);
  }
  get href(): string {
    return this.#parts[0];
  }
  set href(value: unknown) {
    const text = usvString(value);
    const parts = parseUrl(text, undefined);
    if (parts === undefined) throw new TypeError(`Invalid URL: ${text}`);
    this.#parts = parts;
    refresh(this);
  }
  get origin(): string {
    return urlOrigin(this.#parts[0]);
  }
  get protocol(): string {
    return read(this, Part.Protocol);
  }
  set protocol(value: unknown) {
    write(this, "protocol", value);
  }
  get username(): string {
    return read(this, Part.Username);
  }
  set username(value: unknown) {
    write(this, "username", value);
  }
  get password(): string {
    return read(this, Part.Password);
  }
  set password(value: unknown) {
    write(this, "password", value);
  }
  get host(): string {
    return read(this, Part.Host);
  }
  set host(value: unknown) {
    write(this, "host", value);
  }
  get hostname(): string {
    return read(this, Part.Hostname);
  }
  set hostname(value: unknown) {
    write(this, "hostname", value);
  }
  get port(): string {
    return read(this, Part.Port);
  }
  set port(value: unknown) {
    write(this, "port", value);
  }
  get pathname(): string {
    return read(this, Part.Pathname);
  }
  set pathname(value: unknown) {
    write(this, "pathname", value);
  }
  get search(): string {
    return read(this, Part.Search);
  }
  set search(value: unknown) {
    write(this, "search", value);
    refresh(this);
  }
  get searchParams(): URLSearchParams {
    return (this.#params ??= attached(read(this, Part.Search).slice(1), (search) => {
      write(this, "search", search);
    }));
  }
  get hash(): string {
    return read(this, Part.Hash);
  }
  set hash(value: unknown) {
    write(this, "hash", value);
  }
  toString(): string {
    return this.#parts[0];
  }
  toJSON(): string {
    return this.#parts[0];
  }
}
install("URL", URL, 1);

/** The text of an absolute URL made whole, and whether it has credentials; `undefined` for what is not one. */
export const parseAbsolute = (text: string): { href: string; credentials: boolean } | undefined => {
  const parts = parseUrl(text, undefined);
  if (parts === undefined) return undefined;
  return { href: parts[0], credentials: textOf(parts, Part.Username) !== "" || textOf(parts, Part.Password) !== "" };
};
