// PerformanceObserver (Performance Timeline §5): hears of marks and measures in a task of its own.
import { report } from "../../js/report.js";
import { queueTask } from "../../js/tasks.js";
import { DOMException } from "../exception/exception.js";
import { callable, dictionary, install, required, sequence } from "../webidl/webidl.js";
import { type PerformanceEntry, select } from "./entries.js";

const KEY = Symbol("internal");
const TYPES: readonly unknown[] = Object.freeze(["mark", "measure"]);

class PerformanceObserverEntryList {
  readonly #entries: readonly PerformanceEntry[];
  constructor(key: unknown, entries: readonly PerformanceEntry[]) {
    if (key !== KEY) throw new TypeError("Illegal constructor");
    this.#entries = entries;
  }
  getEntries(): PerformanceEntry[] {
    return select(this.#entries);
  }
  getEntriesByType(type: unknown): PerformanceEntry[] {
    required(arguments.length, 1, "PerformanceObserverEntryList.getEntriesByType");
    return select(this.#entries, undefined, `${type as string}`);
  }
  getEntriesByName(name: unknown, type: unknown = undefined): PerformanceEntry[] {
    required(arguments.length, 1, "PerformanceObserverEntryList.getEntriesByName");
    return select(this.#entries, `${name as string}`, type === undefined ? undefined : `${type as string}`);
  }
}
install("PerformanceObserverEntryList", PerformanceObserverEntryList, 0);

interface ObserverOptions {
  entryTypes?: unknown;
  type?: unknown;
  buffered?: unknown;
}

/** Observers that listen, in the order in which they began. */
const registered = new Set<PerformanceObserver>();
let queued = false;
let offer: (observer: PerformanceObserver, entry: PerformanceEntry) => void;
let notify: (observer: PerformanceObserver) => void;
/** What was measured before; `performance` has it. */
let timeline: () => readonly PerformanceEntry[] = () => [];

const queueNotice = (): void => {
  if (queued) return;
  queued = true;
  queueTask(() => {
    queued = false;
    for (const observer of [...registered]) notify(observer);
  });
};

export const observeTimeline = (entries: () => readonly PerformanceEntry[]): void => {
  timeline = entries;
};
/** Tells observers of a new entry. */
export const queueEntry = (entry: PerformanceEntry): void => {
  for (const observer of registered) offer(observer, entry);
};

class PerformanceObserver {
  readonly #callback: (...list: unknown[]) => unknown;
  #types: readonly string[] = [];
  #mode: "none" | "single" | "multiple" = "none";
  #buffer: PerformanceEntry[] = [];
  constructor(callback: unknown) {
    required(arguments.length, 1, "PerformanceObserver");
    if (!callable(callback)) throw new TypeError("PerformanceObserver: the callback must be a function");
    this.#callback = callback;
  }
  static get supportedEntryTypes(): readonly unknown[] {
    return TYPES;
  }
  observe(options: ObserverOptions | undefined = undefined): void {
    const { buffered, entryTypes, type } = dictionary(options, "options");
    if (entryTypes === undefined && type === undefined) throw new TypeError("observe: options need entryTypes or type");
    if (entryTypes !== undefined && (type !== undefined || buffered !== undefined)) {
      throw new TypeError("observe: entryTypes cannot be given together with other options");
    }
    const mode = type === undefined ? "multiple" : "single";
    if (this.#mode !== "none" && this.#mode !== mode) {
      throw new DOMException("observe: an observer takes either entryTypes or type", "InvalidModificationError");
    }
    this.#mode = mode;
    const wanted = type === undefined ? sequence(entryTypes as Iterable<unknown>, String) : [`${type as string}`];
    const known = wanted.filter((name) => TYPES.includes(name));
    if (known.length === 0) return;
    this.#types = mode === "multiple" ? known : [...this.#types, ...known];
    registered.add(this);
    if (!buffered) return;
    this.#buffer.push(...timeline().filter((entry) => known.includes(entry.entryType)));
    queueNotice();
  }
  disconnect(): void {
    this.#buffer = [];
    this.#types = [];
    registered.delete(this);
  }
  takeRecords(): PerformanceEntry[] {
    const records = this.#buffer;
    this.#buffer = [];
    return records;
  }
  static {
    offer = (observer, entry) => {
      if (!observer.#types.includes(entry.entryType)) return;
      observer.#buffer.push(entry);
      queueNotice();
    };
    notify = (observer) => {
      const entries = observer.takeRecords();
      if (entries.length === 0) return;
      const list = new PerformanceObserverEntryList(KEY, entries);
      try {
        Reflect.apply(observer.#callback, observer, [list, observer, { droppedEntriesCount: 0 }]);
      } catch (error) {
        report(error);
      }
    };
  }
}
install("PerformanceObserver", PerformanceObserver, 1);
