// When reminders and timers of actors are due, in Dapr's words, with the host's refusals.
import type { Reminder, Timer } from "../reminders.js";
import { duration, go, instant, plan } from "./schedule.js";

/** A reminder or timer as the SDK sends it: times are texts. */
type Sent<T> = Omit<T, "dueTime" | "ttl"> & { dueTime?: string; ttl?: string };

const LONGEST = 256;

/** Refuses names that could be mistaken for paths. */
export function checkName(name: string): void {
  const bytes = Buffer.byteLength(name);
  if (bytes === 0 || bytes > LONGEST) {
    throw new Error(`the name of a reminder or timer has 1 to ${LONGEST} bytes, not ${bytes}`);
  }
  // eslint-disable-next-line no-control-regex
  if (/[/\\?#\u0000-\u001f\u007f-\u009f]/.test(name) || name === "." || name === "..") {
    const why = `is no path and has no slash, ? or # in it, as ${JSON.stringify(name)} has`;
    throw new Error(`the name of a reminder or timer ${why}`);
  }
}

/** A period: every so many milliseconds, and how often in all. Undefined where nothing repeats. */
function period(text: string): { ms: number; repeats: number | undefined } | undefined {
  const example = "must be a duration (1h30m, PT1H30M), or R5/PT10S for five times ten seconds apart";
  const wrong = () => new Error(`period is ${JSON.stringify(text)}, but ${example}`);
  const [, count, every] = text.startsWith("R") ? (/^R([^/]*)\/(.*)$/s.exec(text) ?? []) : [undefined, undefined, text];
  if (every === undefined) throw wrong();
  const repeats = count === undefined ? undefined : /^\+?\d+$/.test(count) ? Number(count) : 0;
  if (repeats === 0) throw wrong();
  let ms: number;
  try {
    ms = duration("period", every);
  } catch {
    throw wrong();
  }
  return ms > 0 ? { ms, repeats } : undefined;
}

/** The period that a function asks for, in the words that every sidecar knows. */
function normal(text: string | undefined, repeats: number | undefined): string | undefined {
  const asked = text ? period(text.replace(/^@every /, "")) : undefined;
  if (asked === undefined) {
    if (repeats !== undefined) throw new Error(`repeats is ${repeats}, but there is no period`);
    return undefined;
  }
  const { ms, repeats: within } = asked;
  if (within !== undefined && repeats !== undefined) {
    throw new Error(`repeats is ${repeats}, but the period says ${within} times already`);
  }
  const count = within ?? repeats;
  if (count === undefined) return go(ms);
  if (count === 0) throw new Error("repeats is 0, but must be 1 or more");
  if (ms % 1_000 !== 0) {
    throw new Error(`with repeats, period must be whole seconds, not ${go(ms)}: Dapr writes R5/PT10S`);
  }
  return `R${count}/PT${ms / 1_000}S`;
}

/** A reminder as the host keeps it and gives it back. Throws an Error where it could never be due. */
export function keptReminder(sent: Sent<Reminder>, now: number): Reminder {
  const { dueTime, ttl, data } = sent;
  const text = normal(sent.period, sent.repeats);
  const every = text === undefined ? undefined : period(text);
  if (every === undefined && !dueTime) throw new Error("a reminder needs a dueTime or a period");
  if (every === undefined && ttl) throw new Error("ttl is for a reminder with a period");
  const schedule = every && `@every ${go(every.ms)}`;
  const repeats = every?.repeats;
  const times = { ...(dueTime && { dueTime }), ...(ttl && { ttl }), ...(repeats !== undefined && { repeats }) };
  plan({ ...times, ...(schedule && { schedule }) }, now);
  return { ...times, ...(schedule && { period: schedule }), ...(data !== undefined && { data }) };
}

/** Throws an Error where a timer could never fire. */
export function checkTimer(sent: Sent<Timer>, now: number): void {
  normal(sent.period, sent.repeats);
  const first = sent.dueTime ? instant("dueTime", sent.dueTime, now) : now;
  const expires = sent.ttl ? instant("ttl", sent.ttl, first) : undefined;
  if (expires !== undefined && (expires < now || expires < first)) {
    throw new Error("ttl is over before the timer has fired");
  }
}
