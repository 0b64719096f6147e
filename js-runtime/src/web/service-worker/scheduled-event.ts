// ScheduledEvent, as Cloudflare Workers has it, for functions with `addEventListener("scheduled", …)`.
import { dispatch, theGlobal } from "../events/target.js";
import { install, required } from "../webidl/webidl.js";
import { ExtendableEvent } from "./fetch-event.js";

/** The first argument of the handler `scheduled`. */
export interface ScheduledController {
  readonly type: "scheduled";
  /** The schedule's text; empty for a job that no schedule declares. */
  readonly cron: string;
  /** When it was to run, milliseconds since the Unix epoch. */
  readonly scheduledTime: number;
  /** The job's name and data. */
  readonly name: string;
  readonly data: unknown;
  /** A failure is not tried again. */
  noRetry(): void;
}

const KEY = Symbol("internal");
let workOf: (event: ScheduledEvent) => unknown[];

export class ScheduledEvent extends ExtendableEvent {
  readonly #controller: ScheduledController;
  readonly #work: unknown[] = [];
  constructor(key: unknown, controller: ScheduledController) {
    if (key !== KEY) throw new TypeError("Illegal constructor");
    super("scheduled");
    this.#controller = controller;
  }
  get cron(): string {
    return this.#controller.cron;
  }
  get scheduledTime(): number {
    return this.#controller.scheduledTime;
  }
  noRetry(): void {
    this.#controller.noRetry();
  }
  /** What is given here decides whether the job is done. */
  override waitUntil(promise: unknown): void {
    required(arguments.length, 1, "ScheduledEvent.waitUntil");
    this.#work.push(promise);
  }
  static {
    workOf = (event) => event.#work;
  }
}
install("ScheduledEvent", ScheduledEvent, 0);

/** Tells the listeners; the job is done when everything that they gave to `waitUntil` is. */
export const runListeners = async (controller: ScheduledController): Promise<void> => {
  const event = new ScheduledEvent(KEY, controller);
  let failure: [error: unknown] | null = null;
  dispatch(theGlobal(), event, (error) => {
    failure ??= [error];
  });
  const work = workOf(event);
  for (let i = 0; i < work.length; i++) await work[i];
  if (failure !== null) throw (failure as [unknown])[0];
};
