// Service invocation and output bindings over what the test gave: other apps, and bindings, are functions of the test.
import type { Body, Completion } from "../internal/call.js";
import { type Caller, MAX_DEPTH } from "./caller.js";
import { bytesOf, completion } from "./completion.js";
import { failure, invalid, unknownOperation } from "./error.js";
import { requireGrant } from "./grants.js";

/** Another Dapr app, as a function of the request. */
export type FakeApp = (request: Request) => Response | Promise<Response>;

/** A binding: what it answers to an operation. Throw to fail. */
export type FakeBinding = (
  operation: string,
  data: Uint8Array,
  metadata: Record<string, string>,
) => BindingAnswer | Promise<BindingAnswer>;

export interface BindingAnswer {
  data?: string | Uint8Array;
  metadata?: Record<string, string>;
}

/** A request to this host's own functions. */
export interface OwnRequest {
  method: string;
  path: string;
  headers: [string, string][];
  body: ArrayBuffer | null;
  caller: Caller;
}

interface InvokeArgs {
  app: string;
  method: string;
  path: string;
  headers: [string, string][];
}

interface BindingArgs {
  name: string;
  operation: string;
  metadata: Record<string, string>;
}

/** The app-id of this host. */
export const APP_ID = "daplet";

/** Headers that only the host sets: what frames a message, what belongs to a connection, who calls, and the trace. */
const RESERVED = [
  "host",
  "content-length",
  "transfer-encoding",
  "trailer",
  "expect",
  "connection",
  "keep-alive",
  "te",
  "upgrade",
  "http2-settings",
  "traceparent",
  "tracestate",
  "daplet-depth",
];

function reserved(name: string): boolean {
  const plain = name.toLowerCase().replaceAll("_", "-");
  return RESERVED.includes(plain) || plain.startsWith("proxy-") || plain.startsWith("dapr-");
}

export class FakeApps {
  readonly #apps: Readonly<Record<string, FakeApp>>;
  readonly #own: (request: OwnRequest) => Promise<Response>;

  constructor(apps: Readonly<Record<string, FakeApp>>, own: (request: OwnRequest) => Promise<Response>) {
    this.#apps = apps;
    this.#own = own;
  }

  async run(op: string, caller: Caller, args: InvokeArgs, body: Body): Promise<Completion> {
    if (op !== "invoke.call") throw unknownOperation(op);
    const { app, method, path } = args;
    requireGrant(caller, "apps", app);
    checkMethod(method, body);
    const headers = args.headers.filter(([name]) => !reserved(name));
    if (caller.depth >= MAX_DEPTH) {
      const end = `the chain ends here, in ${caller.function}`;
      throw failure("UNAVAILABLE", `functions called each other ${MAX_DEPTH} deep; ${end}`);
    }
    const remote = this.#apps[app];
    let response: Response;
    if (remote !== undefined) {
      response = await remote(new Request(new URL(path, `http://${app}`), { method, headers, body: bodyOf(body) }));
    } else if (app === APP_ID) {
      response = await this.#own({ method, path, headers, body: bodyOf(body), caller });
    } else {
      const only = `without a Dapr sidecar (DAPR_HTTP_PORT) only this host's own app-id ${JSON.stringify(APP_ID)} can be called`;
      const message = `${method} ${path} of the app ${JSON.stringify(app)}: there is no app ${JSON.stringify(app)}: ${only}`;
      throw failure("NOT_FOUND", message, { app, method, path });
    }
    const head = { status: response.status, statusText: response.statusText, headers: [...response.headers] };
    return completion(head, new Uint8Array(await response.arrayBuffer()));
  }
}

/** Refuses what `fetch` refuses too. */
function checkMethod(method: string, body: Body): void {
  const is = (...names: string[]) => names.includes(method.toUpperCase());
  if (is("CONNECT", "TRACE", "TRACK")) throw invalid(`invoke.call: the method ${method} cannot be used`);
  if (is("GET", "HEAD") && bytesOf(body).length > 0) throw invalid(`invoke.call: ${method} cannot have a body`);
}

function bodyOf(body: Body): ArrayBuffer | null {
  return body === null ? null : (bytesOf(body).buffer as ArrayBuffer);
}

export async function runBinding(
  bindings: Readonly<Record<string, FakeBinding>>,
  op: string,
  caller: Caller,
  { name, operation, metadata }: BindingArgs,
  body: Body,
): Promise<Completion> {
  if (op !== "binding.invoke") throw unknownOperation(op);
  requireGrant(caller, "bindings", name);
  const binding = bindings[name];
  const failed = `error invoking output binding ${name}`;
  if (binding === undefined) {
    const known = `[bindings.${name}] url = "http://…") and of the folder --resources-path`;
    const there = `without a Dapr sidecar there are those of the configuration file (${known}`;
    throw failure("NOT_FOUND", `${failed}: couldn't find output binding ${name}; ${there}`);
  }
  const fails = (reason: string) => failure("ERR_INVOKE_OUTPUT_BINDING", `${failed}: ${reason}`);
  if (operation === "") throw fails("operation field is missing from request");
  let answer: BindingAnswer;
  try {
    answer = await binding(operation, bytesOf(body), metadata);
  } catch (error) {
    throw fails(error instanceof Error ? error.message : String(error));
  }
  return completion({ metadata: answer.metadata ?? {} }, answer.data ?? "");
}
