// Requests: which handler answers, and how what it returns becomes a response.
import { extract, take } from "../../web/body/body.js";
import type { Source } from "../../web/body/source.js";
import { readAll } from "../../web/body/stream.js";
import { requestFromEvent } from "../../web/fetch/request.js";
import { isResponse, type Response, responseHead, takeBody } from "../../web/fetch/response.js";
import { isStream } from "../../web/streams/read.js";
import type { ReadableStream } from "../../web/streams/streams.js";
import { EventKind, type HttpEvent } from "../abi.js";
import { frameBody, isBuffer, isPlain } from "../bytes.js";
import { context } from "../context.js";
import { current } from "../event.js";
import { about, env, fetchHandler, METHODS, methods } from "../function.js";
import { emit, fail } from "../invocation.js";
import { apply, create, isView, parse, quote, stringify, then } from "../primordials.js";
import { kind, refuse } from "../refuse.js";
import { sendStream } from "./streamed.js";

export const JSON_HEAD = '{"type":"response","status":200,"headers":[["content-type","application/json"]]}';
const TEXT_HEAD = '{"type":"response","status":200,"headers":[["content-type","text/plain;charset=UTF-8"]]}';
const BYTES_HEAD = '{"type":"response","status":200,"headers":[["content-type","application/octet-stream"]]}';
export const EMPTY_HEAD = '{"type":"response","status":204,"headers":[]}';

/** In place of a handler's result: the answer has been written. */
const ANSWERED: unknown = create(null);

/** Calls the handler → what it returned. */
export const callHttp = (head: string, body: ArrayBuffer | null): unknown => {
  if (fetchHandler !== null) return fetchHandler.fetch(requestFromEvent(head, body), env, context);
  if (methods === null)
    return refuse(`${about.name} has no handler for requests: it exports only handlers of other events`);
  const { method } = parse(head) as HttpEvent;
  const handler = methods[method] ?? (method === "HEAD" ? methods.GET : undefined);
  if (handler !== undefined) return handler(requestFromEvent(head, body), env, context);
  const { GET } = methods;
  const allowed = METHODS.filter((name) => methods?.[name] ?? (name === "HEAD" && GET)).join(", ");
  const headers = `[["allow",${quote(allowed)}],["content-type","text/plain;charset=UTF-8"]]`;
  emit(`{"type":"response","status":405,"headers":${headers}}`, `${method} is not supported; allowed: ${allowed}\n`);
  return ANSWERED;
};

/** Writes an answer. Only that of a request can stream: what others take is whole, and if reading it fails, so does the invocation. */
const send = (head: string, body: Source | ReadableStream): void => {
  // A text is no object: what costs a request nothing is not asked about it.
  if (typeof body !== "object" || !isStream(body)) {
    emit(head, body);
    return;
  }
  if (current.kind === EventKind.Http) {
    sendStream(head, body);
    return;
  }
  const sent = readAll(body, (bytes) => {
    emit(head, bytes);
  });
  apply(then, sent, [() => undefined, fail]);
};

export const answerWith = (response: Response): void => {
  send(responseHead(response) ?? TEXT_HEAD, takeBody(response));
};

const replyWithObject = (value: object): void => {
  if (!isPlain(value)) {
    if (isView(value) || isBuffer(value)) {
      emit(BYTES_HEAD, frameBody(value));
      return;
    }
    if (isStream(value)) {
      send(BYTES_HEAD, take(extract(value)));
      return;
    }
  }
  emit(JSON_HEAD, stringify(value) ?? refuse(`the handler returned ${kind(value)} that JSON cannot express`));
};

/** Writes what the handler returned. */
export const reply = (value: unknown): void => {
  if (value === ANSWERED) return;
  if (typeof value === "object" && value !== null) {
    if (isResponse(value)) answerWith(value);
    else replyWithObject(value);
  } else if (typeof value === "string") emit(TEXT_HEAD, value);
  else if (value === undefined || value === null) emit(EMPTY_HEAD, null);
  else if (typeof value === "number" || typeof value === "boolean") emit(JSON_HEAD, stringify(value) as string);
  else refuse(`the handler returned a ${typeof value}; return a Response, a string, an object, bytes or nothing`);
};
