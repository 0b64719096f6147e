// console (Console Standard), to the host's structured log: one line an entry, with the level.
import { log, now } from "daplet:natives";
import { LogLevel } from "../../js/abi.js";
import { showErrorsWith } from "../../js/report.js";
import { format, formatTable } from "./format.js";
import { inspect, safe } from "./inspect.js";

const counts = new Map<string, number>();
const timers = new Map<string, number>();
let indent = "";

const print = (level: LogLevel, text: string): void => {
  log(level, indent === "" ? text : indent + text.replaceAll("\n", `\n${indent}`));
};
const label = (value: unknown): string => `${value as string}`;
const duration = (name: string, since: number): string => `${name}: ${(now() - since).toFixed(3)} ms`;

const openGroup = (data: unknown[]): void => {
  if (data.length > 0) print(LogLevel.Info, format(data));
  indent += "  ";
};

const methods = {
  assert(condition: unknown = false, ...data: unknown[]): void {
    if (condition) return;
    if (typeof data[0] === "string") data[0] = `Assertion failed: ${data[0]}`;
    else data.unshift("Assertion failed");
    print(LogLevel.Error, format(data));
  },
  clear(): void {
    indent = "";
  },
  debug(...data: unknown[]): void {
    print(LogLevel.Debug, format(data));
  },
  error(...data: unknown[]): void {
    print(LogLevel.Error, format(data));
  },
  info(...data: unknown[]): void {
    print(LogLevel.Info, format(data));
  },
  log(...data: unknown[]): void {
    print(LogLevel.Info, format(data));
  },
  table(data: unknown = undefined, properties: Iterable<unknown> | undefined = undefined): void {
    const isTable = typeof data === "object" && data !== null;
    print(LogLevel.Info, isTable ? formatTable(data, properties) : format([data]));
  },
  trace(...data: unknown[]): void {
    const stack = safe(() => new Error().stack?.slice("Error\n".length) ?? "", "");
    print(LogLevel.Debug, `Trace: ${format(data)}\n${stack}`);
  },
  warn(...data: unknown[]): void {
    print(LogLevel.Warn, format(data));
  },
  dir(item: unknown = undefined, options: unknown = undefined): void {
    void options;
    print(LogLevel.Info, inspect(item, 1));
  },
  dirxml(...data: unknown[]): void {
    print(LogLevel.Info, format(data));
  },
  count(name: unknown = "default"): void {
    const text = label(name);
    const count = (counts.get(text) ?? 0) + 1;
    counts.set(text, count);
    print(LogLevel.Info, `${text}: ${count}`);
  },
  countReset(name: unknown = "default"): void {
    const text = label(name);
    if (counts.has(text)) counts.set(text, 0);
    else print(LogLevel.Warn, `Count for "${text}" does not exist`);
  },
  group(...data: unknown[]): void {
    openGroup(data);
  },
  groupCollapsed(...data: unknown[]): void {
    openGroup(data);
  },
  groupEnd(): void {
    indent = indent.slice(2);
  },
  time(name: unknown = "default"): void {
    const text = label(name);
    if (timers.has(text)) print(LogLevel.Warn, `Timer "${text}" already exists`);
    else timers.set(text, now());
  },
  timeLog(name: unknown = "default", ...data: unknown[]): void {
    const text = label(name);
    const since = timers.get(text);
    if (since === undefined) print(LogLevel.Warn, `Timer "${text}" does not exist`);
    else print(LogLevel.Info, [duration(text, since), ...(data.length > 0 ? [format(data)] : [])].join(" "));
  },
  timeEnd(name: unknown = "default"): void {
    const text = label(name);
    const since = timers.get(text);
    if (since === undefined) print(LogLevel.Warn, `Timer "${text}" does not exist`);
    else print(LogLevel.Info, duration(text, since));
    timers.delete(text);
  },
};

const console = Object.create({}) as object;
for (const name of Object.keys(methods)) {
  const value: unknown = Reflect.get(methods, name);
  Object.defineProperty(console, name, { value, writable: true, enumerable: true, configurable: true });
}
Object.defineProperty(console, Symbol.toStringTag, { value: "console", configurable: true });
Object.defineProperty(globalThis, "console", { value: console, writable: true, enumerable: false, configurable: true });
showErrorsWith((error) => inspect(error));
