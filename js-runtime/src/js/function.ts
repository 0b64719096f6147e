// The loaded function: its name, its environment, the handlers among its module's exports.
import { answerByListeners, hasListener } from "../web/service-worker/fetch-event.js";
import { runListeners, type ScheduledController } from "../web/service-worker/scheduled-event.js";
import { ACTOR_SYMBOL, EventKind, type LoadReport, type LoadRequest } from "./abi.js";
import type { Context } from "./context.js";
import { readDeclarations } from "./declarations.js";
import { allowOperations } from "./operations.js";
import { create, freeze, keys, parse, stringify } from "./primordials.js";
import { kind, refuse } from "./refuse.js";
import { throwUnhandled } from "./rejections.js";

type Env = Readonly<Record<string, string>>;
export type Handler = (event: unknown, env: Env, ctx: Context) => unknown;
/** An object with handlers. They are called as its methods: nothing cheaper keeps `this`. */
type Handlers = Record<string, Handler>;
type Namespace = Record<string, unknown>;

/** What one turn of an actor is given; see `Turn` of the SDK. */
interface Turn {
  type: string;
  id: string;
  env: Env;
  ctx: Context;
}
/** Runs one turn; a static method of the SDK's class `Actor`. */
export const TURN = Symbol.for(ACTOR_SYMBOL);
interface ActorClass {
  [TURN]: (turn: Turn, method: string, data: unknown) => unknown;
}

export const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];
/** The handler's name by the kind of event. Requests have more forms than this name, and actors are classes. */
export const HANDLERS = ["fetch", "message", "job", "binding", "configuration", "", "messages"];
const EVENTS = [EventKind.Topic, EventKind.Job, EventKind.Binding, EventKind.Configuration, EventKind.Messages];

export let about: Pick<LoadRequest, "name" | "version" | "env"> = { name: "", version: "", env: {} };
export let env: Env = {};
export let fetchHandler: { fetch: Handler } | null = null;
/** By the kind of event. */
export const eventHandlers: (Handlers | null)[] = HANDLERS.map(() => null);
/** What takes the jobs that `schedules` declares in place of the handler `job`, and their schedules by name. */
export let scheduled: { handlers: Handlers; crons: Record<string, string> } | null = null;
/** Classes by their exports' names. */
export let actors: Record<string, ActorClass> | null = null;
/** Handlers by the request's method. */
export let methods: Record<string, Handler> | null = null;

const isActor = (value: unknown): value is ActorClass =>
  typeof value === "function" && typeof (value as unknown as Partial<ActorClass>)[TURN] === "function";

/** The object, if it has a handler of that name. */
const withMethod = (object: object, name: string): Handlers | null => {
  const value = (object as Namespace)[name];
  if (value === undefined) return null;
  if (typeof value !== "function") refuse(`the "${name}" handler must be a function, not ${kind(value)}`);
  return object as Handlers;
};

/** The handler of declared jobs: of its first place, of the default export, of the module and of listeners. */
const SCHEDULED = "scheduled";
const takeScheduled = (owner: Handlers | null, handlers: string[]): void => {
  if (owner === null || scheduled !== null) return;
  scheduled = { handlers: owner, crons: create(null) as Record<string, string> };
  handlers.push(SCHEDULED);
};

/** `addEventListener("fetch", …)` and `addEventListener("scheduled", …)` at the module's top level. */
const readListeners = (handlers: string[]): void => {
  if (hasListener("fetch")) {
    if (fetchHandler ?? methods) {
      refuse('answer requests either with an exported handler or with addEventListener("fetch", …), not both');
    }
    fetchHandler = { fetch: answerByListeners };
    handlers.push("fetch");
  }
  if (!hasListener(SCHEDULED)) return;
  takeScheduled({ [SCHEDULED]: (controller) => runListeners(controller as ScheduledController) }, handlers);
};

const readDefault = (main: unknown, handlers: string[]): void => {
  if (isActor(main))
    refuse("an actor's type is the name that its class is exported by: export it by name, not as the default");
  if (typeof main === "function") {
    const handler = main as Handler;
    // Called without a receiver: a class is not a handler, but a function with handlers as properties may be both.
    fetchHandler = { fetch: (request, env, ctx) => handler(request, env, ctx) };
    handlers.push("fetch");
  } else if (typeof main === "object" && main !== null) {
    fetchHandler = withMethod(main, "fetch") as { fetch: Handler } | null;
    if (fetchHandler) handlers.push("fetch");
    takeScheduled(withMethod(main, SCHEDULED), handlers);
    for (const event of EVENTS) {
      const name = HANDLERS[event] as string;
      eventHandlers[event] = withMethod(main, name);
      if (eventHandlers[event]) handlers.push(name);
    }
  } else if (main !== undefined) {
    refuse(`the default export must be a function or an object with "fetch", "message" or "job", not ${kind(main)}`);
  }
};

const readNamed = (namespace: Namespace, handlers: string[]): void => {
  for (const name of METHODS) {
    const handler = namespace[name];
    if (handler === undefined) continue;
    if (typeof handler !== "function") refuse(`the export "${name}" must be a function, not ${kind(handler)}`);
    if (fetchHandler) refuse(`export either a default handler for requests or "${name}", not both`);
    (methods ??= create(null) as Record<string, Handler>)[name] = handler as Handler;
    handlers.push(name);
  }
  for (const event of EVENTS) {
    const name = HANDLERS[event] as string;
    if (typeof namespace[name] !== "function" || eventHandlers[event]) continue;
    eventHandlers[event] = namespace as Handlers;
    handlers.push(name);
  }
  if (typeof namespace[SCHEDULED] === "function") takeScheduled(namespace as Handlers, handlers);
  for (const name of keys(namespace)) {
    const value = namespace[name];
    if (isActor(value)) (actors ??= create(null) as Record<string, ActorClass>)[name] = value;
  }
};

/** Finds the handlers in the module's namespace → the load report as JSON. */
export const load = (namespace: Namespace, head: string): string => {
  about = parse(head) as LoadRequest;
  env = freeze({ ...about.env });
  const handlers: string[] = [];
  readDefault(namespace.default, handlers);
  readNamed(namespace, handlers);
  readListeners(handlers);
  if (handlers.length === 0 && actors === null) {
    refuse(
      "the module exports no handler: write `export default { fetch(request, env, ctx) { … } }`, " +
        "or export a default function, or functions named GET, POST, …, or message, messages, job or scheduled, or classes that extend Actor",
    );
  }
  const handles = (name: string): boolean =>
    eventHandlers[HANDLERS.indexOf(name)] !== null || (name === "job" && scheduled !== null);
  const declared = readDeclarations(namespace, handles);
  if (scheduled !== null) for (const { name, schedule } of declared.schedules) scheduled.crons[name] = schedule;
  const report: LoadReport = { handlers, ...declared, actors: actors === null ? [] : keys(actors) };
  const text = stringify(report) as string;
  throwUnhandled();
  allowOperations();
  return text;
};
