// What a data: URL has in it (Fetch Standard §6, the data: URL processor).
import { atob, type Bytes, encodeUtf8 } from "daplet:natives";
import { NativeTypeError, NativeUint8Array } from "../../js/primordials.js";

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const ESSENCE = new RegExp(`^(${TOKEN})/(${TOKEN})[\\t\\n\\r ]*(?:;(.*))?$`, "s");
const PARAMETER = new RegExp(`^(${TOKEN})=(?:"((?:[^"\\\\]|\\\\.)*)".*|([\\t\\x20-\\x7e\\x80-\\xff]+))$`, "s");
const PLAIN = new RegExp(`^${TOKEN}$`);
const BASE64 = /; *base64$/i;

const hex = (code: number): number => {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
};

/** Percent-decodes; what is not an escape stays as it is. */
const decode = (text: string): Bytes => {
  const bytes = encodeUtf8(text);
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    const [high, low] = byte === 0x25 ? [hex(bytes[i + 1] ?? 0), hex(bytes[i + 2] ?? 0)] : [-1, -1];
    if (high < 0 || low < 0) bytes[length++] = byte;
    else {
      bytes[length++] = high * 16 + low;
      i += 2;
    }
  }
  return bytes.slice(0, length);
};

const binary = (bytes: Bytes): string => {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
};

/** The type as the MIME Sniffing Standard writes it, or the default. */
const normal = (text: string): string => {
  const parts = ESSENCE.exec(text.startsWith(";") ? `text/plain${text}` : text);
  if (parts === null) return "text/plain;charset=US-ASCII";
  let type = `${(parts[1] as string).toLowerCase()}/${(parts[2] as string).toLowerCase()}`;
  const seen = new Set<string>();
  for (const piece of (parts[3] ?? "").split(";")) {
    const parameter = PARAMETER.exec(piece.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, ""));
    const name = parameter?.[1]?.toLowerCase();
    if (parameter === null || name === undefined || seen.has(name)) continue;
    seen.add(name);
    const value = parameter[3] ?? (parameter[2] as string).replace(/\\(.)/gs, "$1");
    type += `;${name}=${PLAIN.test(value) ? value : `"${value.replace(/["\\]/g, "\\$&")}"`}`;
  }
  return type;
};

/** The type and the bytes of a data: URL. */
export const processDataUrl = (url: string): { type: string; body: Bytes } => {
  const [whole] = url.split("#", 1) as [string];
  const comma = whole.indexOf(",");
  if (comma < 0)
    throw new NativeTypeError("fetch failed", { cause: new NativeTypeError("the data: URL has no comma") });
  const type = whole.slice("data:".length, comma).replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, "");
  const body = decode(whole.slice(comma + 1));
  if (!BASE64.test(type)) return { type: normal(type), body };
  const decoded = atob(binary(body));
  if (decoded === undefined) {
    throw new NativeTypeError("fetch failed", { cause: new NativeTypeError("the data: URL is not base64") });
  }
  const bytes = new NativeUint8Array(decoded.length);
  for (let i = 0; i < decoded.length; i++) bytes[i] = decoded.charCodeAt(i);
  return { type: normal(type.replace(BASE64, "")), body: bytes };
};
