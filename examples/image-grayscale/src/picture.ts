// Bytes of a PNG or JPEG file to pixels of 8 bits per channel, and gray pixels to a PNG file.
import { convertIndexedToRgb, decode as decodePng, encode as encodePng } from "fast-png";
// The package's main module needs Node's Buffer for encoding; its decoder alone does not.
import decodeJpeg from "jpeg-js/lib/decoder.js";

/** Larger pictures would not fit the function's CPU and memory limits. */
export const MAX_PIXELS = 1_000_000;

/** Rows from the top, pixels from the left, channels side by side: gray, gray + alpha, RGB or RGBA. */
export interface Picture {
  width: number;
  height: number;
  channels: 1 | 2 | 3 | 4;
  data: Uint8Array;
}

/** A picture that cannot be worked on, with the HTTP status that says why. */
export class PictureError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Reads a PNG or JPEG file, told apart by their first bytes. */
export function decode(file: Uint8Array): Picture {
  const isPng = file[0] === 0x89 && file[1] === 0x50 && file[2] === 0x4e && file[3] === 0x47;
  const isJpeg = file[0] === 0xff && file[1] === 0xd8;
  if (!isPng && !isJpeg) throw new PictureError(415, "this is neither a PNG nor a JPEG file");
  checkSize(isPng ? pngSize(file) : jpegSize(file));
  try {
    return isPng ? fromPng(file) : fromJpeg(file);
  } catch (error) {
    throw new PictureError(422, `the file is damaged or of an unknown kind: ${String(error)}`);
  }
}

/** Writes gray (and alpha) pixels as a PNG file. */
export function encode({ width, height, channels, data }: Picture): Uint8Array {
  return encodePng({ width, height, channels, depth: 8, data }, { zlib: { level: 6 } });
}

function checkSize([width, height]: [number, number]): void {
  if (width * height > MAX_PIXELS) {
    throw new PictureError(413, `${width} x ${height} pixels are more than the limit of ${MAX_PIXELS}`);
  }
}

function pngSize(file: Uint8Array): [number, number] {
  if (file.length < 24) throw new PictureError(422, "the PNG file ends in its header");
  const view = new DataView(file.buffer, file.byteOffset);
  return [view.getUint32(16), view.getUint32(20)];
}

/** Finds the frame header: segments follow each other, each with its length, until one of SOF0 to SOF15. */
function jpegSize(file: Uint8Array): [number, number] {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  for (let at = 2; at + 9 <= file.length && file[at] === 0xff; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return [view.getUint16(at + 7), view.getUint16(at + 5)];
  }
  throw new PictureError(422, "the JPEG file has no frame header");
}

function fromJpeg(file: Uint8Array): Picture {
  const { width, height, data } = decodeJpeg(file, { useTArray: true, formatAsRGBA: false });
  return { width, height, channels: 3, data };
}

function fromPng(file: Uint8Array): Picture {
  const png = decodePng(file);
  const { width, height, depth } = png;
  if (png.palette !== undefined) {
    const channels = png.palette[0]?.length === 4 ? 4 : 3;
    return { width, height, channels, data: convertIndexedToRgb(png) };
  }
  const channels = png.channels as Picture["channels"];
  if (depth === 16) return { width, height, channels, data: Uint8Array.from(png.data, (sample) => sample >> 8) };
  if (depth === 8) return { width, height, channels, data: png.data as Uint8Array };
  return { width, height, channels: 1, data: unpack(png.data as Uint8Array, width, height, depth) };
}

/** Gray samples of 1, 2 or 4 bits, packed row by row, to 8 bits. */
function unpack(packed: Uint8Array, width: number, height: number, depth: number): Uint8Array {
  const rowBytes = Math.ceil((width * depth) / 8);
  const largest = 2 ** depth - 1;
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      const byte = packed[y * rowBytes + (bit >> 3)] ?? 0;
      const sample = (byte >> (8 - depth - (bit & 7))) & largest;
      data[y * width + x] = (sample * 255) / largest;
    }
  }
  return data;
}
