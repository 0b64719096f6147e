// Answers how many requests have left a mark: 1 means that only this request sees its own.
let inModule = 0;

globalThis.handle = () => {
  globalThis.inGlobal = (globalThis.inGlobal ?? 0) + 1;
  return String(Math.max(++inModule, globalThis.inGlobal));
};
