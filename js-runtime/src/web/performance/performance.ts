// performance (High Resolution Time, Performance Timeline, User Timing). The origin is the start of the invocation, not of the snapshot.
import { current, elapsed } from "../../js/event.js";
import { EventTarget } from "../events/target.js";
import { DOMException } from "../exception/exception.js";
import { install, installAttribute, required } from "../webidl/webidl.js";
import { makeMeasure, type MarkOptions, type PerformanceEntry, PerformanceMark, select } from "./entries.js";
import { observeTimeline, queueEntry } from "./observer.js";

const KEY = Symbol("internal");

class Performance extends EventTarget {
  /** Marks and measures in the order of their making. */
  #entries: PerformanceEntry[] = [];
  constructor(key: unknown) {
    if (key !== KEY) throw new TypeError("Illegal constructor");
    super();
  }
  now(): number {
    void this.#entries;
    return elapsed();
  }
  get timeOrigin(): number {
    void this.#entries;
    return current.startedAt;
  }
  mark(name: unknown, options: MarkOptions | undefined = undefined): PerformanceMark {
    const entries = this.#entries;
    required(arguments.length, 1, "Performance.mark");
    const mark = new PerformanceMark(name, options);
    entries.push(mark);
    queueEntry(mark);
    return mark;
  }
  measure(name: unknown, startOrOptions: unknown = undefined, endMark: unknown = undefined): PerformanceEntry {
    const entries = this.#entries;
    required(arguments.length, 1, "Performance.measure");
    const measure = makeMeasure(`${name as string}`, startOrOptions, endMark, (wanted) => {
      const mark = entries.findLast((entry) => entry.entryType === "mark" && entry.name === wanted);
      if (mark === undefined) throw new DOMException(`there is no mark named "${wanted}"`, "SyntaxError");
      return mark.startTime;
    });
    entries.push(measure);
    queueEntry(measure);
    return measure;
  }
  static #clear(performance: Performance, type: string, name: unknown): void {
    const wanted = name === undefined ? undefined : `${name as string}`;
    performance.#entries = performance.#entries.filter(
      (entry) => entry.entryType !== type || (wanted !== undefined && entry.name !== wanted),
    );
  }
  clearMarks(name: unknown = undefined): void {
    Performance.#clear(this, "mark", name);
  }
  clearMeasures(name: unknown = undefined): void {
    Performance.#clear(this, "measure", name);
  }
  getEntries(): PerformanceEntry[] {
    return select(this.#entries);
  }
  getEntriesByType(type: unknown): PerformanceEntry[] {
    const entries = this.#entries;
    required(arguments.length, 1, "Performance.getEntriesByType");
    return select(entries, undefined, `${type as string}`);
  }
  getEntriesByName(name: unknown, type: unknown = undefined): PerformanceEntry[] {
    const entries = this.#entries;
    required(arguments.length, 1, "Performance.getEntriesByName");
    return select(entries, `${name as string}`, type === undefined ? undefined : `${type as string}`);
  }
  toJSON(): { timeOrigin: number } {
    void this.#entries;
    return { timeOrigin: current.startedAt };
  }
}
install("Performance", Performance, 0);
const performance = new Performance(KEY);
observeTimeline(() => performance.getEntries());
installAttribute("performance", performance);
