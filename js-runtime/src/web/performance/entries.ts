// PerformanceEntry, PerformanceMark and PerformanceMeasure (Performance Timeline §4, User Timing §4).
import { elapsed } from "../../js/event.js";
import { cloneOf } from "../clone/kinds.js";
import { dictionary, install, required } from "../webidl/webidl.js";

const KEY = Symbol("internal");

export class PerformanceEntry {
  readonly #name: string;
  readonly #type: string;
  readonly #start: number;
  readonly #duration: number;
  constructor(key: unknown, name: string, type: string, start: number, duration: number) {
    if (key !== KEY) throw new TypeError("Illegal constructor");
    this.#name = name;
    this.#type = type;
    this.#start = start;
    this.#duration = duration;
  }
  get name(): string {
    return this.#name;
  }
  get entryType(): string {
    return this.#type;
  }
  get startTime(): number {
    return this.#start;
  }
  get duration(): number {
    return this.#duration;
  }
  toJSON(): object {
    return { name: this.#name, entryType: this.#type, startTime: this.#start, duration: this.#duration };
  }
}
install("PerformanceEntry", PerformanceEntry, 0);

/** The entries of a name and of a type, where one is given, by the time at which they began. */
export const select = (entries: readonly PerformanceEntry[], name?: string, type?: string): PerformanceEntry[] =>
  entries
    .filter((entry) => (name === undefined || entry.name === name) && (type === undefined || entry.entryType === type))
    .sort((a, b) => a.startTime - b.startTime);

export interface MarkOptions {
  detail?: unknown;
  startTime?: unknown;
}

const detailOf = (detail: unknown): unknown =>
  detail === undefined || detail === null ? null : cloneOf(detail, new Map());

/** A time in milliseconds since the origin. */
const timestamp = (value: unknown, what: string): number => {
  const time = Number(value);
  if (!Number.isFinite(time)) throw new TypeError(`${what} must be a finite number`);
  if (time < 0) throw new TypeError(`${what} is ${time}, but must not be negative`);
  return time;
};

export class PerformanceMark extends PerformanceEntry {
  readonly #detail: unknown;
  constructor(name: unknown, options: MarkOptions | undefined = undefined) {
    required(arguments.length, 1, "PerformanceMark");
    const { detail, startTime } = dictionary(options, "markOptions");
    super(KEY, `${name as string}`, "mark", startTime === undefined ? elapsed() : timestamp(startTime, "startTime"), 0);
    this.#detail = detailOf(detail);
  }
  get detail(): unknown {
    return this.#detail;
  }
  override toJSON(): object {
    return { ...super.toJSON(), detail: this.#detail };
  }
}
install("PerformanceMark", PerformanceMark, 1);

export class PerformanceMeasure extends PerformanceEntry {
  readonly #detail: unknown;
  constructor(key: unknown, name: string, start: number, end: number, detail: unknown) {
    super(key, name, "measure", start, end - start);
    this.#detail = detailOf(detail);
  }
  get detail(): unknown {
    return this.#detail;
  }
  override toJSON(): object {
    return { ...super.toJSON(), detail: this.#detail };
  }
}
install("PerformanceMeasure", PerformanceMeasure, 0);

export interface MeasureOptions {
  start?: unknown;
  end?: unknown;
  duration?: unknown;
  detail?: unknown;
}

/** Makes a measure (User Timing §3.1.3); `timeOf` gives the time of the newest mark of a name. */
export const makeMeasure = (
  name: string,
  startOrOptions: unknown,
  endMark: unknown,
  timeOf: (mark: string) => number,
): PerformanceMeasure => {
  const timeAt = (value: unknown, what: string): number =>
    typeof value === "number" ? timestamp(value, what) : timeOf(`${value as string}`);
  const isOptions = typeof startOrOptions === "object" && startOrOptions !== null;
  const options = isOptions ? (startOrOptions as MeasureOptions) : {};
  const start = isOptions ? options.start : startOrOptions;
  const { detail, duration, end } = options;
  if ([start, end, duration, detail].every((member) => member === undefined) || !isOptions) {
    const from = start === undefined ? 0 : timeAt(start, "start");
    return new PerformanceMeasure(KEY, name, from, endMark === undefined ? elapsed() : timeAt(endMark, "end"), null);
  }
  if (endMark !== undefined) throw new TypeError("measure: endMark cannot be given together with options");
  if (start === undefined && end === undefined) throw new TypeError("measure: options need a start or an end");
  if (start !== undefined && end !== undefined && duration !== undefined) {
    throw new TypeError("measure: options cannot have start, end and duration at once");
  }
  const length = duration === undefined ? 0 : timestamp(duration, "duration");
  const known = end === undefined ? undefined : timeAt(end, "end");
  const from = start !== undefined ? timeAt(start, "start") : duration === undefined ? 0 : (known as number) - length;
  const to = known ?? (duration === undefined ? elapsed() : from + length);
  return new PerformanceMeasure(KEY, name, from, to, detail);
};
