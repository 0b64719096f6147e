// Actors: one turn of one actor, which the SDK's class `Actor` runs.
import { isResponse } from "../../web/fetch/response.js";
import type { ActorEvent } from "../abi.js";
import { isEmpty } from "../bytes.js";
import { context } from "../context.js";
import { about, actors, env, TURN } from "../function.js";
import { emit } from "../invocation.js";
import { parse, stringify } from "../primordials.js";
import { kind, refuse } from "../refuse.js";
import { answerWith, EMPTY_HEAD, JSON_HEAD } from "./http.js";
import { parseBody } from "./value.js";

export const callActor = (head: string, body: ArrayBuffer | null): unknown => {
  const { type, id, method } = parse(head) as ActorEvent;
  const actor = actors === null ? undefined : actors[type];
  if (actor === undefined) return refuse(`${about.name} exports no actor "${type}"`);
  const data = isEmpty(body) ? undefined : parseBody(body);
  return actor[TURN]({ type, id, env, ctx: context }, method, data);
};

/** Writes what the actor's method returned. */
export const giveBack = (value: unknown): void => {
  if (typeof value === "object" && value !== null && isResponse(value)) answerWith(value);
  else if (value === undefined) emit(EMPTY_HEAD, null);
  else emit(JSON_HEAD, stringify(value) ?? refuse(`the method returned ${kind(value)} that JSON cannot express`));
};
