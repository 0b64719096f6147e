// The dispatcher: calls the handler of an event and watches the promise that it may return.
import { isResponse } from "../web/fetch/response.js";
import { EventKind } from "./abi.js";
import { current } from "./event.js";
import { callActor, giveBack } from "./events/actor.js";
import { acknowledge, acknowledgeEach } from "./events/delivery.js";
import { answerWith, callHttp, reply } from "./events/http.js";
import { callHandler } from "./events/value.js";
import { certain, fail, type Standing } from "./invocation.js";
import { apply, getPrototypeOf, NativePromise, promisePrototype, then } from "./primordials.js";
import { rejection } from "./rejections.js";

type Answer = (value: unknown) => void;

/** How a promise stands; the same numbers are in phases.rs. */
const enum PromiseState {
  Pending = 0,
  Resolved = 1,
}

/** What is done with a handler's result, by the kind of event. */
const ANSWERS: readonly Answer[] = [reply, acknowledge, acknowledge, reply, acknowledge, giveBack, acknowledgeEach];
let answer = reply;

const callOther = (event: EventKind, head: string, body: ArrayBuffer | null): unknown => {
  current.kind = event;
  return event === EventKind.Actor ? callActor(head, body) : callHandler(event, body);
};

/**
 * Calls the handler and answers without a promise where that is possible → a status that holds if no job is queued, or the handler's
 * promise, which is looked at when the queue is empty (`observe`), or nothing.
 */
export const handle = (event: EventKind, head: string, body: ArrayBuffer | null, now: number): unknown => {
  current.startedAt = now;
  current.head = head;
  answer = ANSWERS[event] as Answer;
  try {
    const result = event === EventKind.Http ? callHttp(head, body) : callOther(event, head, body);
    if (typeof result !== "object" || result === null) answer(result);
    else if (event === EventKind.Http && isResponse(result)) answerWith(result);
    else if (getPrototypeOf(result) === promisePrototype) return result;
    else if (typeof (result as { then?: unknown }).then === "function") return NativePromise.resolve(result);
    else answer(result);
  } catch (error) {
    fail(error);
  }
  return certain();
};

const answerOrFail = (value: unknown): void => {
  try {
    answer(value);
  } catch (error) {
    fail(error);
  }
};

/** The promise that `handle` returned, once the queue is empty → as `handle`. */
export const observe = (promise: Promise<unknown>, state: PromiseState, value: unknown): Standing => {
  if (state === PromiseState.Pending) apply(then, promise, [answerOrFail, fail]);
  else if (state === PromiseState.Resolved) answerOrFail(value);
  else {
    rejection(promise, value, true);
    fail(value);
  }
  return certain();
};
