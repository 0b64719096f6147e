// The global object as an event target (HTML Standard §8.1.4.6, §8.1.8.2): `error`, `unhandledrejection`, `rejectionhandled`, and `self`.
import { describe } from "../../js/errors.js";
import { parse } from "../../js/primordials.js";
import { tellRejectionsTo } from "../../js/rejections.js";
import { fireErrorsWith } from "../../js/report.js";
import { ErrorEvent, PromiseRejectionEvent } from "../events/errors.js";
import type { Event } from "../events/event.js";
import { dispatch, EventTarget, handlerAttribute, listens, theGlobal } from "../events/target.js";
import { installAttribute } from "../webidl/webidl.js";

Object.setPrototypeOf(globalThis, Object.create(EventTarget.prototype) as object);
installAttribute("self", globalThis);

/** `onerror` has the parts of the event as its arguments, and cancels by returning true (HTML Standard §8.1.8.1). */
const callOnError = (handler: (...list: unknown[]) => unknown, target: unknown, event: Event): void => {
  if (!(event instanceof ErrorEvent)) {
    if (Reflect.apply(handler, target, [event]) === false) event.preventDefault();
    return;
  }
  const { message, filename, lineno, colno, error } = event;
  if (Reflect.apply(handler, target, [message, filename, lineno, colno, error]) === true) event.preventDefault();
};
handlerAttribute(globalThis, "error", callOnError);
handlerAttribute(globalThis, "unhandledrejection");
handlerAttribute(globalThis, "rejectionhandled");

/** Where the topmost frame of a stack is. */
const PLACE = /^\s+at (?:.*\()?(.+?):(\d+):(\d+)\)?$/m;

const errorEvent = (error: unknown): ErrorEvent => {
  const { name, message, stack } = parse(describe(error)) as Record<string, string>;
  const [, filename = "", lineno = 0, colno = 0] = PLACE.exec(stack ?? "") ?? [];
  const isError = typeof error === "object" && error !== null;
  const text = `Uncaught ${isError && name !== "" ? `${name ?? ""}: ` : ""}${message ?? ""}`;
  return new ErrorEvent("error", { cancelable: true, message: text, filename, lineno, colno, error });
};

/** What a listener throws while an error is reported is only logged. */
let reporting = false;
fireErrorsWith((error) => {
  if (reporting || !listens(theGlobal(), "error")) return false;
  reporting = true;
  try {
    return !dispatch(theGlobal(), errorEvent(error));
  } finally {
    reporting = false;
  }
});

tellRejectionsTo({
  exist: () => listens(theGlobal(), "unhandledrejection") || listens(theGlobal(), "rejectionhandled"),
  unhandled: (promise, reason) =>
    !dispatch(theGlobal(), new PromiseRejectionEvent("unhandledrejection", { cancelable: true, promise, reason })),
  handled: (promise, reason) => {
    dispatch(theGlobal(), new PromiseRejectionEvent("rejectionhandled", { promise, reason }));
  },
});
