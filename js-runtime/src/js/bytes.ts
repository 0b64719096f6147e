// What a developer's value has in bytes, found without the properties that a developer's code can replace.
import type { FrameBody } from "daplet:natives";
import { apply, getPrototypeOf, getterOf, isArray, isView, NativeUint8Array, objectPrototype } from "./primordials.js";

const typedArray = Reflect.getPrototypeOf(Uint8Array.prototype) as object;
const arrayBuffer = getterOf<ArrayBuffer>(typedArray, "buffer");
const arrayOffset = getterOf<number>(typedArray, "byteOffset");
const arrayLength = getterOf<number>(typedArray, "byteLength");
const viewBuffer = getterOf<ArrayBuffer>(DataView.prototype, "buffer");
const viewOffset = getterOf<number>(DataView.prototype, "byteOffset");
const viewLength = getterOf<number>(DataView.prototype, "byteLength");
const bufferLength = getterOf<number>(ArrayBuffer.prototype, "byteLength");

const branded =
  (check: (this: unknown) => unknown) =>
  (value: unknown): boolean => {
    try {
      apply(check, value, []);
      return true;
    } catch {
      return false;
    }
  };
const isDataView = branded(viewLength);
export const isBuffer = branded(bufferLength) as (value: unknown) => value is ArrayBuffer;

/** Whether the value is plainly an object or array: asking what it is otherwise costs a throw, which is microseconds. */
export const isPlain = (value: object): boolean => {
  const prototype = getPrototypeOf(value);
  return prototype === objectPrototype || prototype === null || isArray(value);
};

/** As a frame takes it. What is neither text nor bytes stays as it is, and the native function refuses it. */
export const frameBody = (body: unknown): FrameBody => {
  if (body === undefined || body === null) return null;
  if (typeof body === "string") return body;
  if (isView(body)) {
    return isDataView(body)
      ? new NativeUint8Array(apply(viewBuffer, body, []), apply(viewOffset, body, []), apply(viewLength, body, []))
      : new NativeUint8Array(apply(arrayBuffer, body, []), apply(arrayOffset, body, []), apply(arrayLength, body, []));
  }
  return body as ArrayBuffer;
};

export const isEmpty = (body: ArrayBuffer | null): boolean => body === null || apply(bufferLength, body, []) === 0;
