// When jobs run: Dapr's words for points in time and for what repeats, with the host's refusals.
import type { Job } from "../jobs.js";
import { Cron } from "./cron.js";

const UNITS: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const GO = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)/gy;
const ISO = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/i;

/** A duration of Go (`1h30m`) or of ISO 8601 (`PT1H30M`) in milliseconds; undefined for anything else. */
function span(text: string): number | undefined {
  const iso = ISO.exec(text);
  if (iso !== null) {
    const [weeks, days, hours, minutes, seconds] = iso.slice(1).map((part) => Number(part ?? 0));
    if (!/\d/.test(text)) return undefined;
    const inDays = (weeks ?? 0) * 7 + (days ?? 0);
    return Math.floor((((inDays * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0)) * 1_000);
  }
  const plain = text.trim();
  if (plain === "0") return 0;
  let [total, end] = [0, 0];
  GO.lastIndex = 0;
  for (let part = GO.exec(plain); part !== null; part = GO.exec(plain)) {
    total += Number(part[1]) * (UNITS[part[2] ?? ""] ?? NaN);
    end = GO.lastIndex;
  }
  return end > 0 && end === plain.length ? Math.floor(total) : undefined;
}

/** A duration in milliseconds. */
export function duration(field: string, text: string): number {
  const ms = span(text);
  if (ms === undefined) throw new Error(`${field} is ${JSON.stringify(text)}, but must be a duration (1h30m, PT1H30M)`);
  return ms;
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([Zz]|[+-]\d{2}(:?\d{2})?)$/;

/** A point in time: RFC 3339, or a duration from `now` on. */
export function instant(field: string, text: string, now: number): number {
  if (RFC3339.test(text)) {
    const at = Date.parse(text);
    if (!Number.isNaN(at)) return Math.max(at, 0);
  }
  const ms = span(text);
  if (ms !== undefined) return now + ms;
  const wanted = "must be a time (RFC 3339) or a duration (1h30m, PT1H30M)";
  throw new Error(`${field} is ${JSON.stringify(text)}, but ${wanted}`);
}

/** A duration as Go writes it: `1h30m0s`. */
export function go(ms: number): string {
  if (ms < 1_000) return ms === 0 ? "0s" : `${ms}ms`;
  const [seconds, rest] = [Math.floor(ms / 1_000), ms % 1_000];
  const fraction = rest === 0 ? "" : `.${String(rest).padStart(3, "0").replace(/0+$/, "")}`;
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (h > 0) return `${h}h${m}m${s}${fraction}s`;
  return m > 0 ? `${m}m${s}${fraction}s` : `${s}${fraction}s`;
}

/** The first time of a schedule after `after`; throws an Error that says what is wrong with the schedule. */
export function nextRun(text: string, after: number): number | undefined {
  const quoted = JSON.stringify(text);
  if (text.startsWith("@every ")) {
    const ms = span(text.slice("@every ".length).trim());
    if (ms !== undefined && ms > 0) return after + ms;
    throw new Error(`schedule is ${quoted}; after @every stands a duration above 0, such as 1h30m`);
  }
  let cron: Cron;
  try {
    cron = new Cron(text);
  } catch (error) {
    const forms =
      'it is a cron expression of six fields (second minute hour day month weekday 0-6), "@every 1h30m", or @hourly, @daily, @midnight, @weekly, @monthly, @yearly';
    throw new Error(`schedule is ${quoted}: ${(error as Error).message}; ${forms}`, { cause: error });
  }
  return cron.next(after);
}

/** Checks when a job runs; throws an Error that says why it never does. Gives the time of the first run. */
export function plan(job: Job, now: number): number {
  if (job.schedule === undefined && job.dueTime === undefined) throw new Error("a job needs a schedule or a dueTime");
  if (job.repeats === 0) throw new Error("repeats is 0, but must be 1 or more");
  const policy = job.failurePolicy;
  if (policy !== undefined && "constant" in policy && policy.constant.interval !== undefined) {
    duration("failurePolicy.constant.interval", policy.constant.interval);
  }
  const scheduled = job.schedule === undefined ? now : nextRun(job.schedule, now);
  const due = job.dueTime === undefined ? scheduled : instant("dueTime", String(job.dueTime), now);
  if (due === undefined) throw new Error("the schedule has no time to come");
  if (job.ttl === undefined) return due;
  // As Dapr counts: from the first run where a time for it is given.
  const expires = instant("ttl", String(job.ttl), job.dueTime === undefined ? now : due);
  if (expires <= now || expires < due) {
    throw new Error(`ttl is ${JSON.stringify(job.ttl)}, but must end in the future and not before the first run`);
  }
  return due;
}
