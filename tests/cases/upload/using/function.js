export default {
  async fetch() {
    const log = [];
    {
      using first = { [Symbol.dispose]: () => { log.push("synchronous") } };
      await using second = { [Symbol.asyncDispose]: async () => { log.push("asynchronous") } };
      log.push("body");
    }
    return { log };
  },
};
