// Requests to mounted functions, as the host's HTTP side passes them on: where a function is mounted, which headers it sees, and
// what becomes of its answer.
import type { Caller } from "./caller.js";
import type { MountedFunction } from "./function.js";
import type { Invocations } from "./invocations.js";
import { exceeded } from "./limits.js";
import { Problem } from "./problem.js";
import { validTrace } from "./trace.js";

/** What the caller may not say of itself, and what frames a message. */
const NOT_THE_CALLERS = ["x-request-id", "dapr-caller-app-id", "daplet-depth", "x-forwarded-prefix"];
/** What would speak for every function of the origin that they share. */
const OF_THE_ORIGIN = ["service-worker-allowed", "clear-site-data", "alt-svc", "nel", "report-to"];
/** What belongs to one connection. */
const OF_THE_CONNECTION = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "content-length",
];

/** Who sends a request: a client, or a function of this host. */
export interface Sender {
  app: string | null;
  caller: Caller | undefined;
}

/** Function, mount and the path that the function sees. */
export function targetOf(path: string): { name: string; mount: string; rest: string } {
  const target = `/${path.replace(/^\/+/, "")}`;
  const [, name = "", rest = ""] = /^\/([^/?#]*)([^#]*)/.exec(target) ?? [];
  return { name, mount: `/${name}`, rest: rest.startsWith("/") ? rest : `/${rest}` };
}

/** No function has that name. */
export function noFunction(name: string): Problem {
  const detail = `there is no function ${JSON.stringify(name)}; GET /functions lists those that there are`;
  return new Problem(404, "scriptNotFound", detail);
}

/** Answers a request; throws what the handler threw. */
export async function answer(
  invocations: Invocations,
  mounted: MountedFunction,
  mount: string,
  given: Request,
  { app, caller }: Sender,
): Promise<Response> {
  // The body is read once, and the handler may run more than once.
  const body = given.body === null ? null : await given.arrayBuffer();
  const request = new Request(given.url, { method: given.method, headers: given.headers });
  for (const name of NOT_THE_CALLERS) request.headers.delete(name);
  if (app !== null) request.headers.set("dapr-caller-app-id", app);
  request.headers.set("x-forwarded-prefix", mount);
  const traceparent = validTrace(caller?.traceparent ?? request.headers.get("traceparent") ?? "");
  const trace = traceparent === undefined ? {} : { traceparent };
  const about = { mount, caller: app, depth: caller === undefined ? 0 : caller.depth + 1, ...trace };
  return invocations.invoke(mounted, about, async (module, ctx) => {
    const { method, headers } = request;
    const own = new Request(request.url, { method, headers, body });
    const response = await module.fetch(own, mounted.env, ctx);
    return passedOn(response, mounted, method === "HEAD", ctx.requestId);
  });
}

/** An answer as its caller gets it: whole, without what is not the function's to say. */
async function passedOn(response: Response, mounted: MountedFunction, head: boolean, id: string): Promise<Response> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  const most = mounted.limits.responseBytes;
  if (bytes.length > most) {
    const { status, code, message, members } = exceeded("exceededResponse", 500, "responseBytes", mounted);
    throw new Problem(status, code, `${message}; the response has ${bytes.length} bytes`, { ...members });
  }
  const { status, statusText } = response;
  const headers = new Headers(response.headers);
  const claimed = Number(headers.get("content-length") ?? NaN);
  for (const name of [...OF_THE_ORIGIN, ...OF_THE_CONNECTION]) headers.delete(name);
  if (!headers.has("x-request-id")) headers.set("x-request-id", id);
  const bodiless = status === 204 || status === 304;
  const length = Number.isNaN(claimed) ? bytes.length : claimed;
  if (head && !bodiless && (!Number.isNaN(claimed) || length > 0)) headers.set("content-length", String(length));
  return new Response(head || bodiless || response.body === null ? null : bytes, { status, statusText, headers });
}
