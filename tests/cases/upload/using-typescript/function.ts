enum Kind { Sync = "synchronous", Async = "asynchronous" }
export default {
  async fetch() {
    const log: string[] = [];
    {
      using first: Disposable = { [Symbol.dispose]: () => { log.push(Kind.Sync) } };
      await using second = { [Symbol.asyncDispose]: async () => { log.push(Kind.Async) } };
      log.push("body");
    }
    for (using each of [{ [Symbol.dispose]: () => { log.push("loop") } }]) void each;
    return { log };
  },
};
