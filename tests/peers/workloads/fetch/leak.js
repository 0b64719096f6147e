// Answers how many requests have left a mark: 1 means that only this request sees its own.
let inModule = 0;

export default {
  fetch() {
    globalThis.inGlobal = (globalThis.inGlobal ?? 0) + 1;
    return new Response(String(Math.max(++inModule, globalThis.inGlobal)));
  },
};
