// Cron expressions by the grammar of Dapr's scheduler (dapr/kit), as the host reads them: six fields, seconds first, or five.

interface Bounds {
  what: string;
  low: number;
  high: number;
  names: readonly string[];
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const FIELDS: readonly Bounds[] = [
  { what: "second", low: 0, high: 59, names: [] },
  { what: "minute", low: 0, high: 59, names: [] },
  { what: "hour", low: 0, high: 23, names: [] },
  { what: "day", low: 1, high: 31, names: [] },
  { what: "month", low: 1, high: 12, names: MONTHS },
  { what: "weekday", low: 0, high: 6, names: WEEKDAYS },
];
const SHORT: Record<string, string> = {
  "@yearly": "0 0 0 1 1 *",
  "@annually": "0 0 0 1 1 *",
  "@monthly": "0 0 0 1 * *",
  "@weekly": "0 0 0 * * 0",
  "@daily": "0 0 0 * * *",
  "@midnight": "0 0 0 * * *",
  "@hourly": "0 0 * * * *",
};
/** Years that are searched for a time, as many as in the scheduler. */
const YEARS = 5;
const DAY = 86_400_000;

/** The values of a field, and whether it is `*`. */
interface Field {
  values: ReadonlySet<number>;
  star: boolean;
}

type Fields = readonly [Field, Field, Field, Field, Field, Field];

export class Cron {
  readonly #fields: Fields;
  readonly #zone: string;

  /** Throws an Error that says what is wrong with the expression. */
  constructor(given: string) {
    let text = given;
    this.#zone = "UTC";
    const zoned = /^(?:CRON_TZ|TZ)=(.*)$/s.exec(text);
    if (zoned !== null) {
      const [, name, rest] = /^(\S*)\s(.*)$/s.exec(zoned[1] ?? "") ?? [];
      if (name === undefined || rest === undefined) throw new Error("no schedule follows the time zone");
      this.#zone = zone(name);
      text = rest.trim();
    }
    if (text.startsWith("@")) text = SHORT[text] ?? fail(`${text} is unknown`);
    const parts = text.split(/\s+/).filter((part) => part !== "");
    if (parts.length === 5) parts.unshift("0");
    if (parts.length !== 6) {
      throw new Error(`the number of its fields is ${parts.length}, but must be 6, or 5 without seconds`);
    }
    this.#fields = FIELDS.map((bounds, i) => field(parts[i] ?? "", bounds)) as unknown as Fields;
  }

  /** The first time after `after` (milliseconds since the epoch); undefined where there is none within five years. */
  next(after: number): number | undefined {
    const [seconds, minutes, hours, , months] = this.#fields;
    const start = localOf(after, this.#zone);
    let from = Math.floor(start / DAY) * DAY;
    const last = new Date(start).getUTCFullYear() + YEARS;
    for (let day = from; new Date(day).getUTCFullYear() <= last; day += DAY) {
      if (!months.values.has(new Date(day).getUTCMonth() + 1) || !this.#hasDay(new Date(day))) continue;
      const earliest = day === from ? new Date(start).getUTCHours() : 0;
      for (let hour = earliest; hour < 24; hour++) {
        if (!hours.values.has(hour)) continue;
        for (const minute of minutes.values) {
          for (const second of seconds.values) {
            const at = instantOf(day + ((hour * 60 + minute) * 60 + second) * 1000, this.#zone);
            if (at > after) return at;
          }
        }
      }
      from = -1;
    }
    return undefined;
  }

  /** Where both days are given, one of them is enough. */
  #hasDay(day: Date): boolean {
    const [, , , days, , weekdays] = this.#fields;
    const [ofMonth, ofWeek] = [days.values.has(day.getUTCDate()), weekdays.values.has(day.getUTCDay())];
    return days.star || weekdays.star ? ofMonth && ofWeek : ofMonth || ofWeek;
  }
}

function fail(message: string): never {
  throw new Error(message);
}

function zone(name: string): string {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return fail(`there is no time zone ${JSON.stringify(name)}`);
  }
}

/** What the clocks of a zone show, as if it were UTC. */
function localOf(at: number, timeZone: string): number {
  if (timeZone === "UTC") return at;
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" });
  return Date.parse(`${format.format(at).replace(" ", "T")}Z`);
}

/** When the clocks of a zone show that. A time that they skip is the one after the gap. */
function instantOf(local: number, timeZone: string): number {
  if (timeZone === "UTC") return local;
  const before = local - (localOf(local - DAY, timeZone) - (local - DAY));
  if (localOf(before, timeZone) === local) return before;
  const after = local - (localOf(local + DAY, timeZone) - (local + DAY));
  return localOf(after, timeZone) === local ? after : before;
}

function field(text: string, bounds: Bounds): Field {
  const values = new Set<number>();
  let star = false;
  try {
    // Empty ranges between commas count for nothing, as in the scheduler.
    for (const range of text.split(",").filter((range) => range !== "")) {
      star = add(range, bounds, values) || star;
    }
  } catch (error) {
    throw new Error(`${bounds.what} ${JSON.stringify(text)}: ${(error as Error).message}`, { cause: error });
  }
  return { values: new Set([...values].sort((a, b) => a - b)), star };
}

/** Adds the values of a range; whether it is `*`. */
function add(text: string, bounds: Bounds, values: Set<number>): boolean {
  const [span = "", step, ...slashes] = text.split("/");
  if (slashes.length > 0) fail("it has more than one slash");
  const [first = "", second, ...hyphens] = span.split("-");
  const star = first === "*" || first === "?";
  if (!star && hyphens.length > 0) fail("it has more than one hyphen");
  const low = star ? bounds.low : value(first, bounds);
  let high = star ? bounds.high : value(second ?? first, bounds);
  const by = step === undefined ? 1 : number(step);
  if (step !== undefined && second === undefined) high = bounds.high;
  if (low < bounds.low || high > bounds.high) fail(`it must be ${bounds.low} to ${bounds.high}`);
  if (low > high) fail(`the range begins with ${low}, after its end ${high}`);
  if (by === 0) fail("the step is 0");
  for (let one = low; one <= high; one += by) values.add(one);
  return star && by === 1;
}

function value(text: string, bounds: Bounds): number {
  const at = bounds.names.indexOf(text.toLowerCase());
  return at >= 0 ? bounds.low + at : number(text);
}

/** As Go reads a number: a plus before it is no fault. */
function number(text: string): number {
  const read = /^\+?\d+$/.test(text) ? Number(text) : NaN;
  return read <= 0xffff_ffff ? read : fail(`${JSON.stringify(text)} is not a number`);
}
