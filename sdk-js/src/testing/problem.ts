// Failures of invocations as the host's callers see them: `application/problem+json`, with the members that the host writes.
import { kind } from "./declarations.js";

/** A failure that is the host's word, not something that the function threw. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly members: Readonly<Record<string, unknown>>;

  constructor(status: number, code: string, detail: string, members: Record<string, unknown> = {}) {
    super(detail);
    this.status = status;
    this.code = code;
    this.members = members;
  }
}

/** An invocation that exceeded a limit. */
export function limitExceeded(code: string, status: number, name: string, limit: string, value: number): Problem {
  const setting = `\`limits.${limit}\` in the upload, or \`${limit}\` under [limits] in the configuration file`;
  return new Problem(status, code, `${name} exceeded its limit ${limit} of ${value}`, { limit, value, setting });
}

/** The failure that something thrown by a function is. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { name, message, cause } = described(error);
  const stack = framesOf(error);
  const [top] = stack;
  const place = top && { line: top.line, column: top.column };
  return new Problem(500, "exception", message, { name, stack, ...(cause !== undefined && { cause }), ...place });
}

interface Frame {
  function: string;
  file: string;
  line: number;
  column: number;
}

/** A frame of a module that `upload` has evaluated, as Node writes it. */
const FRAME = /^ *at (?:(?:async )?(.+?) \()?[^()]*?([^/()]+)\?evaluation=\d+:(\d+):(\d+)\)?$/;

/** The stack in the function's own file; nothing of a module that was mounted, whose file is not known. */
function framesOf(error: unknown): Frame[] {
  const stack = attempt(() => (error as { stack?: unknown }).stack);
  const lines = typeof stack === "string" ? stack.split("\n") : [];
  return lines.flatMap((line) => {
    const [, name = "", file = "", row, column] = FRAME.exec(line) ?? [];
    return file === "" ? [] : [{ function: name, file, line: Number(row), column: Number(column) }];
  });
}

const TITLES: Record<number, string> = {
  400: "Bad Request",
  404: "Not Found",
  500: "Internal Server Error",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** The host's answer to a request that failed. */
export function problemResponse(error: unknown): Response {
  const { status, code, message: detail, members } = problemOf(error);
  const problem = { title: TITLES[status] ?? "", status, code, detail, ...members };
  const headers: Record<string, string> = { "content-type": "application/problem+json" };
  if (code === "loadShed") headers["retry-after"] = "1";
  return new Response(JSON.stringify(problem), { status, headers });
}

/** Status, name and words in one line, as an actor's caller sees a failed method. */
export function problemLine(error: unknown): string {
  const { status, message, members } = problemOf(error);
  const named = typeof members["name"] === "string" ? `${members["name"]}: ` : "";
  const setting = typeof members["setting"] === "string" ? ` (${members["setting"]})` : "";
  return `(${status}) ${named}${message}${setting}`;
}

const MAX_CAUSES = 8;

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Text of a value that may throw when it is asked for one. */
function asText(value: unknown): string {
  return attempt(() => String(value)) ?? "";
}

/** What was thrown, as data. It may be anything. */
function described(error: unknown): { name: string; message: string; cause?: string } {
  if ((typeof error !== "object" && typeof error !== "function") || error === null) {
    return { name: error === null ? "null" : typeof error, message: asText(error) };
  }
  const read = (member: string): string | undefined => {
    const value = attempt(() => (error as Record<string, unknown>)[member]);
    return value === undefined ? undefined : asText(value);
  };
  const fallback = () => (read("stack") === undefined ? (attempt(() => JSON.stringify(error)) ?? asText(error)) : "");
  const name = read("name") ?? attempt(() => typeof error) ?? "object";
  const cause = causes(error, 0);
  return { name, message: read("message") ?? fallback(), ...(cause !== undefined && { cause }) };
}

/** A chain of causes on one line; it may be a circle. */
function causes(error: unknown, depth: number): string | undefined {
  if (error === null || error === undefined || depth === MAX_CAUSES) return undefined;
  const cause = attempt(() => (error as { cause?: unknown }).cause);
  if (cause === undefined) return undefined;
  const read = (member: string) => asText(attempt(() => (cause as Record<string, unknown> | null)?.[member]));
  const simple = typeof cause !== "object" || cause === null;
  const [name, message] = simple ? [kind(cause).replace(/^a /, ""), asText(cause)] : [read("name"), read("message")];
  const more = causes(cause, depth + 1);
  return `${message === "" ? name : `${name}: ${message}`}${more === undefined ? "" : `; caused by ${more}`}`;
}
