// Service invocation: `fetch` for another Dapr app. Must not know how the call travels.
import { call } from "./internal/call.js";
import { requireName } from "./internal/encode.js";

/** Statuses with which a Response must not have a body, not even an empty one. */
const BODILESS = [204, 205, 304];

interface Head {
  status: number;
  statusText?: string;
  headers: [string, string][];
}

/** Another Dapr app, or this host itself under its own app-id (then the path starts with a function's name). */
export class App {
  readonly #app: string;

  constructor(app: string) {
    this.#app = requireName("invoke", "app", app);
  }

  /**
   * Calls a path of the app. As with `fetch`, any status is an answer; the promise rejects if there is no answer.
   * An aborted `init.signal` stops waiting; the other side may still do its work. A body that the other side streams
   * comes as it is made.
   */
  async fetch(path: string, init?: RequestInit): Promise<Response> {
    requireName("invoke.fetch", "path", path);
    // The URL's host is never seen: only method, path, headers and body travel.
    const request = new Request(new URL(path.startsWith("/") ? `http://app${path}` : `http://app/${path}`), init);
    const { pathname, search } = new URL(request.url);
    const body = request.body === null ? null : await request.arrayBuffer();
    const signal = init?.signal;
    signal?.throwIfAborted();
    const args = {
      app: this.#app,
      method: request.method,
      path: pathname + search,
      headers: [...request.headers],
      stream: true,
    };
    const answer = call("invoke.call", args, body);
    const done = signal == null ? await answer : await orAborted(answer, signal);
    const { status, statusText = "", headers } = done.head as Head;
    return new Response(BODILESS.includes(status) ? null : (done.stream ?? done.body), { status, statusText, headers });
  }
}

/** The app of that app-id; `daplet` is this host. */
export function invoke(app: string): App {
  return new App(app);
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => {
      signal.removeEventListener("abort", abort);
    });
  });
}
