// FormData (XMLHttpRequest Standard §4). There is no document, so a form is made entry by entry.
import { type Blob, bytesOfBlob, isBlob } from "../blob/blob.js";
import { type File, isFile, takenFile } from "../blob/file.js";
import { callable, install, pairIterator, required, usvString } from "../webidl/webidl.js";

export type Entry = [name: string, value: string | File];

export let isFormData: (value: unknown) => value is FormData;
export let entriesOf: (form: FormData) => Entry[];

/** A Blob becomes a File; a given name replaces that of a File. */
const fileOf = (blob: Blob, filename: unknown): File => {
  if (isFile(blob) && filename === undefined) return blob;
  const name = filename === undefined ? "blob" : usvString(filename);
  return takenFile(bytesOfBlob(blob), name, blob.type, isFile(blob) ? blob.lastModified : undefined);
};

const entryOf = (what: string, count: number, name: unknown, value: unknown, filename: unknown): Entry => {
  required(count, 2, `FormData.${what}`);
  if (isBlob(value)) return [usvString(name), fileOf(value, filename)];
  if (count > 2) throw new TypeError(`FormData.${what}: with a filename, the value must be a Blob`);
  return [usvString(name), usvString(value)];
};

export class FormData {
  #entries: Entry[] = [];
  constructor(form: unknown = undefined) {
    if (form !== undefined) throw new TypeError("FormData: there are no HTML forms here; call it without arguments");
  }
  append(name: unknown, value: unknown, filename: unknown = undefined): void {
    this.#entries.push(entryOf("append", arguments.length, name, value, filename));
  }
  delete(name: unknown): void {
    const entries = this.#entries;
    required(arguments.length, 1, "FormData.delete");
    const wanted = usvString(name);
    this.#entries = entries.filter((entry) => entry[0] !== wanted);
  }
  get(name: unknown): string | File | null {
    const entries = this.#entries;
    required(arguments.length, 1, "FormData.get");
    const wanted = usvString(name);
    return entries.find((entry) => entry[0] === wanted)?.[1] ?? null;
  }
  getAll(name: unknown): (string | File)[] {
    const entries = this.#entries;
    required(arguments.length, 1, "FormData.getAll");
    const wanted = usvString(name);
    return entries.filter((entry) => entry[0] === wanted).map((entry) => entry[1]);
  }
  has(name: unknown): boolean {
    const entries = this.#entries;
    required(arguments.length, 1, "FormData.has");
    const wanted = usvString(name);
    return entries.some((entry) => entry[0] === wanted);
  }
  set(name: unknown, value: unknown, filename: unknown = undefined): void {
    const entries = this.#entries;
    const entry = entryOf("set", arguments.length, name, value, filename);
    const first = entries.findIndex((other) => other[0] === entry[0]);
    if (first < 0) entries.push(entry);
    else {
      entries[first] = entry;
      this.#entries = entries.filter((other, index) => index <= first || other[0] !== entry[0]);
    }
  }
  keys(): Iterator<unknown> {
    void this.#entries;
    return iterate(this, "keys");
  }
  values(): Iterator<unknown> {
    void this.#entries;
    return iterate(this, "values");
  }
  entries(): Iterator<unknown> {
    void this.#entries;
    return iterate(this, "entries");
  }
  forEach(callback: unknown, thisArg: unknown = undefined): void {
    void this.#entries;
    required(arguments.length, 1, "FormData.forEach");
    if (!callable(callback)) throw new TypeError("the callback must be a function");
    // The callback may change the list.
    for (let i = 0; i < this.#entries.length; i++) {
      const [name, value] = this.#entries[i] as Entry;
      Reflect.apply(callback, thisArg, [value, name, this]);
    }
  }
  static {
    isFormData = (value): value is FormData => typeof value === "object" && value !== null && #entries in value;
    entriesOf = (form) => form.#entries;
  }
}
const iterate = pairIterator("FormData", (form: FormData) => entriesOf(form));
Object.defineProperty(FormData.prototype, Symbol.iterator, {
  value: Reflect.get(FormData.prototype, "entries"),
  writable: true,
  configurable: true,
});
install("FormData", FormData, 0);
