// A function as the host keeps it: its module, and the checks of an upload beside those of the module itself.
import type { Env } from "../events.js";
import type { Declarations } from "./declarations.js";
import { type Failure, UploadError } from "./error.js";
import { checkGrants, type Grants, hasConfiguration, hasInput, requireGrant } from "./grants.js";
import { checkLimits, type Limits } from "./limits.js";
import type { FunctionModule } from "./module.js";
import { LoadedModule } from "./module.js";
import { nextRun } from "./schedule.js";

/** The fields of an upload beside its name and source. */
export interface MountOptions {
  env?: Env;
  /** The grants of the upload. */
  grants?: Grants;
  limits?: Limits;
}

const FIELDS = ["env", "grants", "limits"];
/** First path segments that mean something else to Daplet or to a Dapr sidecar. */
const RESERVED = ["functions", "livez", "readyz", "healthz", "dapr", "job", "configuration", "actors", "metrics"];
/** Subscriptions of one function, rules of one subscription, and the longest name of a binding, bytes. */
const MAX_SUBSCRIPTIONS = 256;
const MAX_RULES = 128;
const MAX_BINDING_NAME = 253;

/** Evaluates the function's module once more, and gives its exports. */
export type Evaluate = () => FunctionModule | Promise<FunctionModule>;

export class MountedFunction {
  readonly name: string;
  readonly env: Env;
  readonly grants: Grants;
  readonly limits: Required<Limits>;
  readonly #evaluate: Evaluate;
  /** What the first evaluation showed. */
  #first: LoadedModule | undefined;
  /** Invocations that run now. */
  running = 0;

  constructor(name: string, evaluate: Evaluate, options: MountOptions) {
    this.name = checkFunctionName(name);
    for (const field of Object.keys(options)) {
      if (FIELDS.includes(field)) continue;
      const known = FIELDS.map((name) => `\`${name}\``).join(", ");
      throw new UploadError(400, "badRequest", `the upload: unknown field \`${field}\`, expected one of ${known}`);
    }
    this.limits = checkLimits(options.limits ?? {});
    this.grants = options.grants ?? {};
    checkGrants(this.grants);
    this.env = Object.freeze({ ...options.env });
    this.#evaluate = evaluate;
  }

  /** Takes what the first evaluation gave; refuses what the host would refuse. */
  loaded(exports: FunctionModule): void {
    this.#first = new LoadedModule(this.name, exports);
    checkDeclarations(this.name, this.grants, this.declared);
  }

  /** The module as one invocation sees it. */
  async load(): Promise<LoadedModule> {
    return new LoadedModule(this.name, await this.#evaluate());
  }

  get declared(): Declarations {
    return this.#module.declared;
  }

  /** Types of its actors. */
  get actors(): string[] {
    return [...this.#module.actors.keys()];
  }

  get #module(): LoadedModule {
    if (this.#first === undefined) throw new Error(`${this.name} is not loaded`);
    return this.#first;
  }
}

function checkFunctionName(name: string): string {
  const quoted = JSON.stringify(name);
  const bad = (message: string) => new UploadError(400, "badRequest", message);
  const length = Array.from(name).length;
  if (length < 1 || length > 63) {
    throw bad(`the function name ${quoted} has ${length} characters; it must have 1 to 63`);
  }
  if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name)) {
    throw bad(`the function name ${quoted} may have only a-z, 0-9 and -, and no - at its ends`);
  }
  if (RESERVED.includes(name)) throw bad(`the function name ${quoted} is reserved; so are ${RESERVED.join(", ")}`);
  return name;
}

function unfit(message: string): never {
  throw new UploadError(422, "exception", message);
}

/** What the guest takes and the host does not. */
function checkDeclarations(name: string, grants: Grants, declared: Declarations): void {
  const holder = { function: name, grants };
  checkSubscriptions(declared.subscriptions);
  checkSchedules(declared.schedules);
  checkBindings(declared.bindings);
  for (const [index, { pubsub, topic, deadLetterTopic }] of declared.subscriptions.entries()) {
    const granted = (member: string, list: "subscribe" | "topics", wanted: string) => {
      try {
        requireGrant(holder, list, `${pubsub}/${wanted}`);
      } catch (error) {
        unfit(`subscriptions[${index}].${member}: ${(error as Failure).message}`);
      }
    };
    granted("topic", "subscribe", topic);
    if (deadLetterTopic !== undefined) granted("deadLetterTopic", "topics", deadLetterTopic);
  }
  for (const [index, { store, keys }] of declared.configuration.entries()) {
    const key = keys.find((key) => !hasConfiguration(holder, store, key));
    if (key !== undefined)
      unfit(`configuration[${index}]: ${name} may not read ${store}/${key} (grants.configuration)`);
  }
  const barred = declared.bindings.findIndex((binding) => !hasInput(holder, binding));
  if (barred >= 0) {
    unfit(`bindings[${barred}]: ${name} may not take events of ${declared.bindings[barred] ?? ""} (grants.inputs)`);
  }
}

/** How many; the conditions themselves only the host reads. */
function checkSubscriptions(subscriptions: Declarations["subscriptions"]): void {
  const count = subscriptions.length;
  if (count > MAX_SUBSCRIPTIONS) {
    unfit(`the module has ${count} subscriptions; a function may have ${MAX_SUBSCRIPTIONS}`);
  }
  for (const [index, { routes }] of subscriptions.entries()) {
    const rules = routes?.rules.length ?? 0;
    if (rules > MAX_RULES) {
      unfit(`subscriptions[${index}].routes.rules has ${rules} rules; a subscription may have ${MAX_RULES}`);
    }
  }
}

function checkSchedules(schedules: Declarations["schedules"]): void {
  const names = new Set<string>();
  for (const [index, { name, schedule }] of schedules.entries()) {
    try {
      nextRun(schedule, 0);
    } catch (error) {
      unfit(`schedules[${index}]: ${(error as Error).message}`);
    }
    if (names.has(name)) unfit(`schedules[${index}]: there are two jobs named ${JSON.stringify(name)}`);
    names.add(name);
  }
}

/** A name is one segment of a path, in a URL of the host and in Dapr's own. */
function checkBindings(bindings: readonly string[]): void {
  for (const [index, name] of bindings.entries()) {
    // eslint-disable-next-line no-control-regex
    if (Buffer.byteLength(name) > MAX_BINDING_NAME || /[/\u0000-\u001f\u007f-\u009f]/.test(name)) {
      const form = `a binding's name has at most ${MAX_BINDING_NAME} bytes, no / and no control character`;
      unfit(`bindings[${index}] is ${JSON.stringify(name)}; ${form}`);
    }
    if (bindings.indexOf(name) < index) unfit(`bindings[${index}]: ${JSON.stringify(name)} is there twice`);
  }
}
