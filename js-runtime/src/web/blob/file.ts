// File (File API §4): a Blob with a name and a time.
import { type Bytes, now } from "daplet:natives";
import { addKind } from "../clone/kinds.js";
import { dictionary, install, required, usvString } from "../webidl/webidl.js";
import { Blob, type BlobOptions, bytesOfBlob, Taken } from "./blob.js";

export let isFile: (value: unknown) => value is File;

/** `long long` */
const wholeNumber = (value: unknown): number => {
  const number = Math.trunc(Number(value));
  return Number.isFinite(number) ? number + 0 : 0;
};

export class File extends Blob {
  readonly #name: string;
  readonly #lastModified: number;
  constructor(
    bits: unknown,
    name: unknown,
    options: (BlobOptions & { lastModified?: unknown }) | undefined = undefined,
  ) {
    required(arguments.length, 2, "File");
    if (bits === undefined) throw new TypeError("fileBits must be a sequence");
    super(bits, options);
    this.#name = usvString(name);
    const { lastModified } = dictionary(options, "options");
    this.#lastModified = lastModified === undefined ? Math.floor(now()) : wholeNumber(lastModified);
  }
  get name(): string {
    return this.#name;
  }
  get lastModified(): number {
    return this.#lastModified;
  }
  static {
    isFile = (value): value is File => typeof value === "object" && value !== null && #name in value;
  }
}
install("File", File, 2);

/** A File of bytes that nobody else writes into. */
export const takenFile = (bytes: Bytes, name: string, type: string, lastModified?: number): File =>
  new File(new Taken(bytes, type), name, { lastModified });

addKind({
  is: isFile,
  clone: (value) => {
    const file = value as File;
    return takenFile(bytesOfBlob(file), file.name, file.type, file.lastModified);
  },
});
