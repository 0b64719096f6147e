// fetch (Fetch Standard §5.6). A request is one operation of the host, which follows redirects and decodes bodies.
import { urlOrigin } from "daplet:natives";
import { OperationCode } from "../../js/abi.js";
import { current } from "../../js/event.js";
import { call, type Completion } from "../../js/operations.js";
import { apply, NativePromise, NativeTypeError, NativeUint8Array, parse, then } from "../../js/primordials.js";
import { addStep } from "../abort/abort.js";
import { bytesOf, type Source } from "../body/source.js";
import { readAll } from "../body/stream.js";
import { isStream } from "../streams/read.js";
import { parseAbsolute } from "../url/url.js";
import { installFunctions, required, usvString } from "../webidl/webidl.js";
import { processDataUrl } from "./data-url.js";
import { type Outgoing, outgoing, Request } from "./request.js";
import { type Fetched, fetched, type Response } from "./response.js";

/** Names a running fetch to the host, for an abort. */
let next = 1;

const failed = (cause: unknown): Error =>
  (cause as { code?: unknown }).code === OperationCode.UnavailableDuringLoad
    ? (cause as Error)
    : new NativeTypeError("fetch failed", { cause });

/** The request of the arguments. A path alone may well mean a function of the same app. */
const requestOf = (input: unknown, init: object | undefined): Request => {
  if (typeof input !== "object" || input === null) {
    const text = usvString(input);
    if (parseAbsolute(text) === undefined) {
      throw new NativeTypeError(
        `fetch: "${text}" is not an absolute URL; invoke("…").fetch(path) of @daplet/sdk calls a function of this app`,
      );
    }
  }
  return new Request(input, init);
};

/** Under which origin this invocation was called, if by a request. */
const ownOrigin = (): string | undefined => {
  const { url } = parse(current.head) as { url?: string };
  return url === undefined ? undefined : urlOrigin(url);
};

const respond = ({ method }: Outgoing, { head, body }: Completion): Response => {
  const received = head as Fetched;
  const bodyless = method === "HEAD" || [204, 205, 304].includes(received.status);
  return fetched(received, bodyless ? null : new NativeUint8Array(body));
};

/** Sends the request; an abort rejects at once, and has the host give it up. */
const send = (request: Outgoing, body: Source): Promise<Response> =>
  new NativePromise((resolve, reject) => {
    const { method, url, headers, redirect, signal } = request;
    // The reason of an abort is any value.
    const giveUp: (reason: unknown) => void = reject;
    const number = next++;
    let ended = false;
    const args = { method, url, headers, redirect, own: ownOrigin(), fetch: number };
    const sent = call("fetch.send", args, typeof body === "string" ? usvString(body) : body);
    const answered = (completion: unknown): void => {
      ended = true;
      resolve(respond(request, completion as Completion));
    };
    const refused = (error: unknown): void => {
      ended = true;
      reject(failed(error));
    };
    apply(then, sent, [answered, refused]);
    if (signal === null) return;
    addStep(signal, (reason) => {
      if (ended) return;
      ended = true;
      giveUp(reason);
      const done = (): void => undefined;
      apply(then, call("fetch.abort", { fetch: number }, null), [done, done]);
    });
  });

installFunctions({
  async fetch(input: unknown, init: object | undefined = undefined): Promise<Response> {
    required(arguments.length, 1, "fetch");
    const made = requestOf(input, init);
    if (made.integrity !== "") throw new NativeTypeError("fetch: integrity is not checked here; compare a digest");
    if (made.cache === "only-if-cached") throw new NativeTypeError("fetch: there is no cache");
    const request = outgoing(made);
    request.signal?.throwIfAborted();
    if (!request.url.startsWith("data:")) {
      const { body } = request;
      // A stream is read to its end first: the host sends a body whole.
      return send(request, isStream(body) ? await readAll(body, bytesOf) : body);
    }
    const { type, body } = processDataUrl(request.url);
    const head = { url: request.url, redirected: false, status: 200, statusText: "OK" };
    return fetched({ ...head, headers: [["content-type", type]] }, request.method === "HEAD" ? null : body);
  },
});
