// "Report an exception" (HTML Standard §8.1.4.6): what a listener or a timer throws is logged and does not reach the one who called it.
import { log } from "daplet:natives";
import { LogLevel } from "./abi.js";

let show = (error: unknown): string => `${error as string}`;

/** The console, which is made later, shows errors as it shows values. */
export const showErrorsWith = (inspect: (error: unknown) => string): void => {
  show = inspect;
};

export const report = (error: unknown): void => {
  log(LogLevel.Error, `uncaught: ${show(error)}`);
};
