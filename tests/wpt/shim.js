// The function that runs one web-platform-test inside the guest. The runner puts `SCRIPTS` (name and text, in order) and
// `FILES` (what tests load with fetch, by path) before this text. The answer lists each subtest with its outcome.
/* global FILES, SCRIPTS */
const evaluate = (name, text) => (0, eval)(`${text}\n//# sourceURL=${name}`);

export default {
  async fetch() {
    const base = "http://web-platform.test:8000/";
    globalThis.location = { href: base, origin: base.slice(0, -1), search: "", pathname: "/", hash: "", protocol: "http:", toString: () => base };
    globalThis.GLOBAL = { isWindow: () => false, isWorker: () => false, isShadowRealm: () => false };
    globalThis.fetch = async (path) => {
      const text = FILES[String(path).replace(/^\.?\//, "")];
      if (text === undefined) throw new TypeError(`not found: ${path}`);
      return new Response(text);
    };
    // A server has no base URL; on the tests' page a request's relative URL is resolved against the page's.
    globalThis.Request = new Proxy(Request, {
      construct: (target, [input, ...rest], newTarget) =>
        Reflect.construct(target, typeof input === "string" ? [new URL(input, base).href, ...rest] : input === undefined ? [] : [input, ...rest], newTarget),
    });
    // No memory is shared here: what tests say of such memory does not apply, but they make it before anything else.
    globalThis.createBuffer = (type, length) => new ArrayBuffer(length);
    const [harness, ...rest] = SCRIPTS.filter(([name]) => name !== "/common/sab.js");
    evaluate(...harness);
    const finished = new Promise((resolve) => {
      globalThis.add_completion_callback((tests, status) => resolve({
        harness: status.status === 0 ? null : String(status.message),
        tests: tests.map((test) => ({ name: test.name, passed: test.status === 0, message: test.message && String(test.message) })),
      }));
    });
    globalThis.setup({ explicit_timeout: false });
    // One text, as on a page: a script's top-level `const` is seen by the scripts after it.
    evaluate(rest.at(-1)[0], rest.map(([, text]) => text).join("\n;\n"));
    const timeout = new Promise((resolve) => setTimeout(() => resolve({ harness: "timeout", tests: [] }), 25_000));
    return Promise.race([finished, timeout]);
  },
};
