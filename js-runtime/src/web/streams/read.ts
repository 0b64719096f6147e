// What the platform does with a readable stream beside its public members (Streams Standard §9.1): whether somebody has touched it, and
// reading it without a promise for each chunk.
//
// The library keeps a stream's internal slots as properties whose names begin with "_", and a controller's internal methods under
// symbols. This is the only file that names them; the library's version is pinned.
import {
  ReadableByteStreamController,
  ReadableStreamDefaultController,
  ReadableStreamDefaultReader,
} from "web-streams-polyfill";
import { apply, getterOf } from "../../js/primordials.js";
import { ReadableStream, type TransformStream } from "./streams.js";

/** What becomes of a request for a chunk: one of the three is called, perhaps at once. */
export interface ReadSteps {
  chunk: (chunk: unknown) => void;
  close: () => void;
  error: (error: unknown) => void;
}

interface ReadRequest {
  _chunkSteps: ReadSteps["chunk"];
  _closeSteps: ReadSteps["close"];
  _errorSteps: ReadSteps["error"];
}
interface Slots {
  _disturbed: boolean;
  _state: "readable" | "closed" | "errored";
  _storedError: unknown;
  _readableStreamController: Record<symbol, (request: ReadRequest) => void>;
}
const slotsOf = (stream: ReadableStream): Slots => stream as unknown as Slots;

const PULL = Object.getOwnPropertySymbols(ReadableStreamDefaultController.prototype).find(
  ({ description }) => description === "[[PullSteps]]",
) as symbol;
const { prototype } = ReadableStream;
const locked = getterOf<boolean>(prototype, "locked");
const teeOf = Reflect.get(prototype, "tee") as (this: ReadableStream) => [ReadableStream, ReadableStream];
const pipeOf = Reflect.get(prototype, "pipeThrough") as (
  this: ReadableStream,
  through: TransformStream,
) => ReadableStream;

export const isStream = (value: unknown): value is ReadableStream => {
  if (!(value instanceof ReadableStream)) return false;
  try {
    apply(locked, value, []);
    return true;
  } catch {
    return false;
  }
};
export const isLocked = (stream: ReadableStream): boolean => apply(locked, stream, []);
/** Whether somebody has read from the stream or canceled it. */
export const isDisturbed = (stream: ReadableStream): boolean => slotsOf(stream)._disturbed;

export const isByteStream = (stream: ReadableStream): boolean =>
  slotsOf(stream)._readableStreamController instanceof ReadableByteStreamController;

export const tee = (stream: ReadableStream): [ReadableStream, ReadableStream] => apply(teeOf, stream, []);
export const pipeThrough = (stream: ReadableStream, through: TransformStream): ReadableStream =>
  apply(pipeOf, stream, [through]);

/** Takes an unlocked stream for good: it stays locked, and counts as read from. */
export const seize = (stream: ReadableStream): ReadableStreamDefaultReader => {
  slotsOf(stream)._disturbed = true;
  return new ReadableStreamDefaultReader(stream);
};

/** Asks a stream that was seized for its next chunk (ReadableStreamDefaultReaderRead). */
export const readChunk = (stream: ReadableStream, { chunk, close, error }: ReadSteps): void => {
  const slots = slotsOf(stream);
  if (slots._state === "closed") close();
  else if (slots._state === "errored") error(slots._storedError);
  else slots._readableStreamController[PULL]?.({ _chunkSteps: chunk, _closeSteps: close, _errorSteps: error });
};
