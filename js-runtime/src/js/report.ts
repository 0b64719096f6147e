// "Report an exception" (HTML Standard §8.1.4.6): what a listener or a timer throws does not reach the one who called it. It becomes an
// `error` event of the global object, and a line in the log unless a listener cancels that.
import { log } from "daplet:natives";
import { LogLevel } from "./abi.js";

let show = (error: unknown): string => `${error as string}`;
/** Fires the event → whether a listener canceled it. */
let fire: (error: unknown) => boolean = () => false;

/** The console, which is made later, shows errors as it shows values. */
export const showErrorsWith = (inspect: (error: unknown) => string): void => {
  show = inspect;
};

/** The global object becomes an event target later. */
export const fireErrorsWith = (dispatch: (error: unknown) => boolean): void => {
  fire = dispatch;
};

export const report = (error: unknown): void => {
  if (!fire(error)) log(LogLevel.Error, `uncaught: ${show(error)}`);
};
