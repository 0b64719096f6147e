// How a module's mistakes are put into words.
import { isArray, NativeTypeError } from "./primordials.js";

export function refuse(message: string): never {
  throw new NativeTypeError(message);
}

/** The value's kind with its article, for messages. */
export const kind = (value: unknown): string => {
  if (value === null) return "null";
  if (value === undefined) return "nothing";
  if (isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
};

/** The elements of an exported list; an absent one is empty. */
export function listOf(list: unknown, name: string): readonly unknown[] {
  if (list === undefined) return [];
  if (!isArray(list)) refuse(`"${name}" must be an array, not ${kind(list)}`);
  return list as unknown[];
}

export function refuseUnknown(rest: object, where: string, known: string): void {
  for (const key of Object.keys(rest)) refuse(`${where} has an unknown key "${key}"; known are ${known}`);
}
