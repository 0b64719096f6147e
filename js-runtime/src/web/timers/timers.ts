// setTimeout, setInterval and their clear functions (HTML Standard §8.6), and setImmediate as Node has it. Each armed timer is one operation; the completion of a
// cleared timer finds nothing to call. A handler must be a function: strings are not evaluated.
import { call, refuseWhileLoading } from "../../js/operations.js";
import { apply, then } from "../../js/primordials.js";
import { report } from "../../js/report.js";
import { queueTask } from "../../js/tasks.js";
import { callable, installFunctions, required } from "../webidl/webidl.js";

interface Timer {
  callback: (...list: unknown[]) => unknown;
  args: unknown[];
  delay: number;
  repeat: boolean;
}

const active = new Map<number, Timer>();
let next = 1;

const arm = (id: number, delay: number): void => {
  const fired = (): void => {
    fire(id);
  };
  const failed = (error: unknown): void => {
    active.delete(id);
    report(error);
  };
  apply(then, call("timer.start", { ms: delay }, null), [fired, failed]);
};

const fire = (id: number): void => {
  const timer = active.get(id);
  if (timer === undefined) return;
  if (!timer.repeat) active.delete(id);
  try {
    Reflect.apply(timer.callback, globalThis, timer.args);
  } catch (error) {
    report(error);
  }
  if (timer.repeat && active.has(id)) arm(id, timer.delay);
};

const start = (name: string, callback: unknown, delay: unknown, args: unknown[], repeat: boolean): number => {
  if (!callable(callback)) throw new TypeError(`${name}: the handler must be a function; strings are not evaluated`);
  // A signed 32-bit long, as in browsers; negative is 0.
  const ms = Math.max(0, (delay as number) | 0);
  const id = next++;
  active.set(id, { callback, args, delay: ms, repeat });
  arm(id, ms);
  return id;
};
const stop = (id: unknown): void => {
  active.delete(Number(id));
};

/** A timer of the platform itself → its number. */
export const startTimer = (ms: number, callback: () => void): number => start("timer", callback, ms, [], false);
export const stopTimer = stop;

/** Numbers of immediates whose callback is still to run. */
const immediates = new Set<number>();

const startImmediate = (callback: unknown, args: unknown[]): number => {
  if (!callable(callback)) throw new TypeError("setImmediate: the callback must be a function");
  refuseWhileLoading("setImmediate");
  const id = next++;
  immediates.add(id);
  queueTask(() => {
    if (!immediates.delete(id)) return;
    try {
      Reflect.apply(callback, globalThis, args);
    } catch (error) {
      report(error);
    }
  });
  return id;
};

installFunctions({
  setTimeout(callback: unknown, delay: unknown = 0, ...args: unknown[]): number {
    required(arguments.length, 1, "setTimeout");
    return start("setTimeout", callback, delay, args, false);
  },
  setInterval(callback: unknown, delay: unknown = 0, ...args: unknown[]): number {
    required(arguments.length, 1, "setInterval");
    return start("setInterval", callback, delay, args, true);
  },
  clearTimeout(id: unknown = 0): void {
    stop(id);
  },
  clearInterval(id: unknown = 0): void {
    stop(id);
  },
  setImmediate(callback: unknown, ...args: unknown[]): number {
    required(arguments.length, 1, "setImmediate");
    return startImmediate(callback, args);
  },
  clearImmediate(id: unknown = 0): void {
    immediates.delete(Number(id));
  },
});
