// structuredClone (HTML Standard §2.7).
import { dictionary, installFunctions, isArrayBuffer, required, sequence } from "../webidl/webidl.js";
import { cloneOf, dataClone } from "./kinds.js";

const transferList = (options: { transfer?: unknown } | undefined): ArrayBuffer[] => {
  const { transfer } = dictionary(options, "options");
  const list = transfer === undefined ? [] : sequence(transfer as Iterable<unknown>, (item) => item);
  const seen = new Set<ArrayBuffer>();
  for (const item of list) {
    if (!isArrayBuffer(item)) throw dataClone("only an ArrayBuffer can be transferred");
    if (seen.has(item)) throw dataClone("an ArrayBuffer is listed twice");
    if (item.detached) throw dataClone("a detached ArrayBuffer cannot be transferred");
    seen.add(item);
  }
  return [...seen];
};

installFunctions({
  structuredClone(value: unknown, options: { transfer?: unknown } | undefined = undefined): unknown {
    required(arguments.length, 1, "structuredClone");
    const list = transferList(options);
    const moved = new Map<object, unknown>();
    // Cloning can fail; only then may anything be detached.
    if (list.length > 0) cloneOf(value, new Map(list.map((item) => [item, new ArrayBuffer(item.byteLength)])));
    for (const item of list) moved.set(item, item.transfer());
    return cloneOf(value, moved);
  },
});
