// reportError and queueMicrotask (HTML Standard §8.1.4, §8.7), beside the classes of events.
import { apply, then } from "../../js/primordials.js";
import { report } from "../../js/report.js";
import { callable, installFunctions, required } from "../webidl/webidl.js";
import "./event.js";
import "./target.js";

const resolved = Promise.resolve();

installFunctions({
  reportError(error: unknown): void {
    required(arguments.length, 1, "reportError");
    report(error);
  },
  queueMicrotask(callback: unknown): void {
    required(arguments.length, 1, "queueMicrotask");
    if (!callable(callback)) throw new TypeError("queueMicrotask: the callback must be a function");
    const run = (): void => {
      try {
        callback();
      } catch (error) {
        report(error);
      }
    };
    apply(then, resolved, [run, report]);
  },
});
