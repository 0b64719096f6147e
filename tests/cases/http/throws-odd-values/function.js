const odd = [null, undefined, 42, "text", Symbol("s"), { a: 1 }, [1, 2], () => 1, 10n, new Proxy({}, { get() { throw 1 } }),
  { get message() { throw new Error("trap") } }, Object.create(null), new Proxy(() => {}, {}), NaN,
  { toString() { throw 1 }, [Symbol.toPrimitive]() { throw 2 } }, Object.defineProperties(new Error("m"), { stack: { value: 5 }, name: { value: { toString() { throw 3 } } } })];
export default { fetch(request) { throw odd[Number(new URL(request.url).searchParams.get("i"))] } };
