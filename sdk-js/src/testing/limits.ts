// The limits of one invocation that the double keeps, with the host's defaults, ranges and words. Time and memory are Node's own.
import { UploadError } from "./error.js";
import { limitExceeded, type Problem } from "./problem.js";

/** The limits of an upload. `cpuMs`, `memoryMb` and `logBytes` are checked as the host checks them, but not enforced. */
export interface Limits {
  cpuMs?: number;
  /** Time on the clock, milliseconds. */
  wallMs?: number;
  /** Time on the clock from the head of a response that streams; here responses are read whole. */
  streamMs?: number;
  streamCpuMsPerMb?: number;
  memoryMb?: number;
  /** Operations that one invocation may start; here timers do not count. */
  operations?: number;
  /** Size of a response's body, bytes. */
  responseBytes?: number;
  logBytes?: number;
  /** Invocations of the function at once. */
  concurrency?: number;
}

type Name = keyof Limits;

const DEFAULTS: Required<Limits> = {
  cpuMs: 50,
  wallMs: 30_000,
  streamMs: 900_000,
  streamCpuMsPerMb: 5,
  memoryMb: 64,
  operations: 1_000,
  responseBytes: 8 << 20,
  logBytes: 64 << 10,
  concurrency: 1_000,
};

/** Smallest and largest value, and what an upload may ask for. */
const RANGES: Record<Name, readonly [number, number, number]> = {
  cpuMs: [1, 600_000, 1_000],
  wallMs: [1, 3_600_000, 300_000],
  streamMs: [1, 86_400_000, 3_600_000],
  streamCpuMsPerMb: [0, 10_000, 50],
  memoryMb: [4, 112, 112],
  operations: [0, 1_000_000, 10_000],
  responseBytes: [0, 100 << 20, 32 << 20],
  logBytes: [0, 16 << 20, 1 << 20],
  concurrency: [1, 1_000_000, 1_000],
};

/** Fills in the defaults; refuses a limit that does not exist or is out of range. */
export function checkLimits(given: Limits): Required<Limits> {
  const bad = (message: string) => new UploadError(400, "badRequest", message);
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(RANGES, name)) continue;
    const known = Object.keys(RANGES).map((name) => `\`${name}\``);
    throw bad(`limits: unknown field \`${name}\`, expected one of ${known.join(", ")}`);
  }
  const limits = { ...DEFAULTS, ...given };
  for (const [name, [min, max]] of Object.entries(RANGES)) {
    const value = limits[name as Name];
    if (!Number.isInteger(value) || value < 0) throw bad(`limits: invalid value: ${value}, expected u64`);
    if (value < min || value > max) throw bad(`limits.${name} is ${value}, but must be ${min} to ${max}`);
  }
  for (const [name, [, , ceiling]] of Object.entries(RANGES)) {
    const value = limits[name as Name];
    if (value <= ceiling) continue;
    const setting = `\`${name}\` under [limits.max] in the configuration file`;
    throw bad(`limits.${name} is ${value}, but may be at most ${ceiling} on this server (setting: ${setting})`);
  }
  return limits;
}

/** The failure of an invocation that exceeded a limit. */
export function exceeded(code: string, status: number, name: Name, fn: { name: string; limits: Limits }): Problem {
  return limitExceeded(code, status, fn.name, name, fn.limits[name] ?? DEFAULTS[name]);
}
