// structuredClone (HTML Standard §2.7), and the same walk for messages.
import { dictionary, installFunctions, isArrayBuffer, required, sequence } from "../webidl/webidl.js";
import { cloneOf, dataClone, transferable, type Views } from "./kinds.js";

/** What takes the place of an object while nothing has been moved yet. */
const placeholder = (item: object): unknown => (isArrayBuffer(item) ? new ArrayBuffer(item.byteLength) : {});

const checkTransfer = (item: unknown): object => {
  if (typeof item !== "object" || item === null) throw new TypeError("transfer must list objects");
  if (isArrayBuffer(item)) {
    if (item.detached) throw dataClone("a detached ArrayBuffer cannot be transferred");
    return item;
  }
  const kind = transferable(item);
  if (kind === undefined) throw dataClone("only ArrayBuffers, MessagePorts and streams can be transferred");
  const barred = kind.barred?.(item);
  if (barred !== undefined) throw dataClone(barred);
  return item;
};

const move = (item: object): unknown => (isArrayBuffer(item) ? item.transfer() : transferable(item)?.transfer?.(item));

/** The objects to transfer: `options` is their list, or has it as its member `transfer`. */
export const transferList = (options: unknown): object[] => {
  const isList =
    typeof options === "object" && options !== null && typeof Reflect.get(options, Symbol.iterator) === "function";
  const given: unknown = isList ? options : dictionary(options as { transfer?: unknown }, "options").transfer;
  return given === undefined ? [] : sequence(given as Iterable<unknown>, (item) => item as object);
};

/** Clones a value, and moves those objects of it that are listed → the clone, and what each listed object became. */
export const cloneWithTransfer = (value: unknown, list: readonly unknown[]): [clone: unknown, moved: unknown[]] => {
  const seen = new Set<object>();
  for (const item of list) {
    const object = checkTransfer(item);
    if (seen.has(object)) throw dataClone("an object is listed twice");
    seen.add(object);
  }
  const items = [...seen];
  // Cloning can fail; only then may anything be moved.
  const views: Views = new Map();
  if (items.length > 0) cloneOf(value, new Map(items.map((item) => [item, placeholder(item)])), views);
  const moved = new Map(items.map((item) => [item, move(item)]));
  return [cloneOf(value, moved, views), [...moved.values()]];
};

installFunctions({
  structuredClone(value: unknown, options: { transfer?: unknown } | undefined = undefined): unknown {
    required(arguments.length, 1, "structuredClone");
    const { transfer } = dictionary(options, "options");
    return cloneWithTransfer(value, transfer === undefined ? [] : transferList(transfer))[0];
  },
});
