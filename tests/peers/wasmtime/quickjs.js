
// Appended to a workload: WASI's HTTP interface around its `handle`, which gets and gives ASCII here.
/* global wit */
import { Fields, Request, Response } from "wasi:http/types@0.3.0";

const bodyOf = async (request) => {
  const [stream] = Request.consumeBody(request, wit.Future.from({ tag: "ok" }, wit.Future.RESULT_VOID_ERROR_CODE).readable);
  let text = "";
  for await (const bytes of stream) text += String.fromCharCode(...bytes);
  return text;
};

export const handler = {
  async handle(request) {
    const text = globalThis.handle(request.getMethod().tag === "post" ? await bodyOf(request) : "");
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    const body = wit.Stream.from([bytes], wit.Stream.U8).readable;
    const trailers = wit.Future.from({ tag: "ok", val: null }, wit.Future.RESULT_OPTION_OTHER_ERROR_CODE).readable;
    return Response.new(new Fields(), body, trailers)[0];
  },
};
