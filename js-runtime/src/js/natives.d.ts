/** What Rust gives the runtime's own JavaScript: `natives.rs` and the `mod.rs` of the Web APIs. Only the runtime's modules can import it. */
declare module "daplet:natives" {
  type Bytes = Uint8Array<ArrayBuffer>;
  /** A string is UTF-8 in the frame. */
  type FrameBody = string | ArrayBuffer | Uint8Array | null;

  export function write(head: string, body: FrameBody): void;
  /** Throws a TypeError for a head with a lone surrogate. */
  export function submit(head: string, body: FrameBody): void;
  export function log(level: number, text: string): void;
  /** Milliseconds since the Unix epoch. */
  export function now(): number;
  export function random(length: number): Bytes;

  /** The name of the encoding that has the label. */
  export function encodingLabel(label: string): string | undefined;
  /** `stream` names a decoder that is kept between calls; `undefined` for malformed bytes when the flags say "fatal". */
  export function decode(
    stream: number,
    label: string,
    flags: number,
    bytes: ArrayBuffer | Uint8Array,
  ): string | undefined;
  export function decodeUtf8(bytes: ArrayBuffer | Uint8Array): string;
  /** The text must be well-formed. */
  export function encodeUtf8(text: string): Bytes;

  /** Gives a codec one more chunk, or ends it with null. A text says what is wrong with the data. */
  export function codec(id: number, kind: string, chunk: Bytes | null): Bytes | string;

  export function atob(text: string): string | undefined;
  export function btoa(binary: string): string | undefined;

  /** Runs a call of the crate `daplet-crypto`. A text is a failure: the name of the DOMException, a space, its message. */
  export function crypto(request: string, body: Bytes): Bytes[] | string;
  /** In a time that does not depend on where they differ. */
  export function sameBytes(a: Bytes, b: Bytes): boolean;

  /** The text of the URL, then for each part where it begins and ends there. */
  type UrlParts = [href: string, ...places: number[]];
  export function parseUrl(text: string, base: string | undefined): UrlParts | undefined;
  export function setUrl(href: string, part: string, value: string): UrlParts | undefined;
  export function urlOrigin(href: string): string;
  /** Names and values in turn. */
  export function parseForm(text: string): string[];
  export function serializeForm(flat: readonly string[]): string;

  /** The name in lower case; null for what is not a token. */
  export function headerName(text: string): string | null;
  /** Both made normal, or a text that says what is wrong with them. */
  export function headerPair(name: string, value: string): [name: string, value: string] | string;
  export function headersJson(list: readonly (readonly [string, string])[]): string;
  export function isProxy(value: object): boolean;
}
