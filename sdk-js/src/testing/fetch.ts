// fetch inside functions: it goes to what the test registered for an origin, never to the network. The test's own fetch stays Node's.
import type { Completion } from "../internal/call.js";
import type { Caller } from "./caller.js";
import { completion } from "./completion.js";
import { failure } from "./error.js";
import { hostAndPort, namesHost } from "./hosts.js";
import type { Invocations } from "./invocations.js";

/** What stands for a host outside: a function of the request. */
export type FakeHost = (request: Request) => Response | Promise<Response>;

/** Puts a `fetch` for functions in the place of Node's; what is returned takes it out again. */
export function installFetch(invocations: Invocations, hosts: Readonly<Record<string, FakeHost>>): () => void {
  const real = globalThis.fetch;
  const double = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    if (!invocations.inFunction()) return real(input, init);
    if (!(input instanceof Request)) checkAbsolute(String(input));
    const request = new Request(input, init);
    if (request.url.startsWith("data:")) return real(request);
    const sent = { response: Response.error() };
    const send = async (caller: Caller): Promise<Completion> => {
      sent.response = await answer(hosts, caller, request);
      return completion({}, "");
    };
    try {
      await invocations.operate("fetch.send", send);
    } catch (cause) {
      if (!(cause instanceof Error) || !("code" in cause) || cause.code === "UNAVAILABLE_DURING_LOAD") throw cause;
      throw new TypeError("fetch failed", { cause });
    }
    return sent.response;
  };
  globalThis.fetch = double;
  return () => {
    if (globalThis.fetch === double) globalThis.fetch = real;
  };
}

function checkAbsolute(text: string): void {
  if (URL.canParse(text)) return;
  const other = 'invoke("…").fetch(path) of @daplet/sdk calls a function of this app';
  throw new TypeError(`fetch: "${text}" is not an absolute URL; ${other}`);
}

async function answer(hosts: Readonly<Record<string, FakeHost>>, caller: Caller, request: Request): Promise<Response> {
  request.signal.throwIfAborted();
  const url = new URL(request.url);
  const granted = caller.grants?.hosts;
  if (granted !== undefined && !namesHost(granted, url)) {
    const host = hostAndPort(url);
    const message = `${caller.function} holds no grant to fetch from ${host}; add "${host}" to \`grants.hosts\` in the upload`;
    throw failure("HOST_NOT_GRANTED", message);
  }
  const host = hosts[url.origin];
  if (host === undefined) {
    const how = `fakeDaplet({ hosts: { "${url.origin}": (request) => new Response() } })`;
    throw failure("ENOTFOUND", `the test has no host ${url.origin}; say what it answers: ${how}`);
  }
  const response = await host(request);
  Object.defineProperty(response, "url", { value: request.url, configurable: true });
  return response;
}
