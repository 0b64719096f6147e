// Forms as bodies: multipart/form-data both ways (RFC 7578, HTML Standard §4.10.22.7) and the reading of form-urlencoded ones.
import { type Bytes, decode, joinBytes, parseForm, parseMime, parseMultipart, random } from "daplet:natives";
import { bytesOfBlob } from "../blob/blob.js";
import { takenFile } from "../blob/file.js";
import { utf8 } from "../encoding/encoding.js";
import { entriesOf, FormData } from "./form-data.js";

/** Of the native `decode`: keep a byte order mark. */
const IGNORE_BOM = 2;

const normalLines = (text: string): string => text.replace(/\r\n?|\n/g, "\r\n");
const escaped = (name: string): string => name.replace(/\r/g, "%0D").replace(/\n/g, "%0A").replace(/"/g, "%22");

const newBoundary = (): string => {
  let text = "----daplet-form-";
  for (const byte of random(16)) text += byte.toString(16).padStart(2, "0");
  return text;
};

/** The form as a body, and its content type. */
export const encodeForm = (form: FormData): { bytes: Bytes; type: string } => {
  const boundary = newBoundary();
  const parts: Bytes[] = [];
  let text = "";
  for (const [name, value] of entriesOf(form)) {
    text += `--${boundary}\r\nContent-Disposition: form-data; name="${escaped(normalLines(name))}"`;
    if (typeof value === "string") text += `\r\n\r\n${normalLines(value)}\r\n`;
    else {
      const type = value.type === "" ? "application/octet-stream" : value.type;
      text += `; filename="${escaped(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`;
      parts.push(utf8.encode(text), bytesOfBlob(value));
      text = "\r\n";
    }
  }
  parts.push(utf8.encode(`${text}--${boundary}--\r\n`));
  return { bytes: joinBytes(parts), type: `multipart/form-data; boundary=${boundary}` };
};

/** The form of a multipart body; `bytes` are taken as they are. */
const multipartForm = (bytes: Bytes, boundary: string): FormData => {
  const form = new FormData();
  const parts = parseMultipart(bytes, boundary);
  if (typeof parts === "string") throw new TypeError(`the body is not multipart/form-data: ${parts}`);
  for (const [name, filename, type, from, to] of parts) {
    const content = bytes.subarray(from, to);
    if (filename === null) form.append(name, decode(0, "utf-8", IGNORE_BOM, content));
    else form.append(name, takenFile(content, filename, type));
  }
  return form;
};

/** Reads a body of that content type as a form (Fetch Standard, "package data"). */
export const decodeForm = (bytes: Bytes, contentType: string | null): FormData => {
  const [, essence = "", boundary] = contentType === null ? [] : (parseMime(contentType) ?? []);
  if (essence === "multipart/form-data") {
    if (boundary === undefined) throw new TypeError("the content type of the form names no boundary");
    return multipartForm(bytes, boundary);
  }
  if (essence !== "application/x-www-form-urlencoded") {
    throw new TypeError(
      "a form needs the content type multipart/form-data or application/x-www-form-urlencoded; " +
        `the body has ${contentType === null ? "none" : `"${contentType}"`}`,
    );
  }
  const form = new FormData();
  const flat = parseForm(decode(0, "utf-8", IGNORE_BOM, bytes) as string);
  for (let i = 0; i < flat.length; i += 2) form.append(flat[i], flat[i + 1]);
  return form;
};

/** The content type in its normal form, as a Blob has it. */
export const blobType = (contentType: string | null): string =>
  (contentType === null ? undefined : parseMime(contentType)?.[0]) ?? "";
