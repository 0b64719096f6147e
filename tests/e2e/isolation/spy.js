// Searches for what others left, then plants the secret of its own request where the query says.
import { invoke, pubsub, state } from "@daplet/sdk";

const module = { kept: [] };
const latin1 = new TextDecoder("latin1");

/** Everything that is reachable and should hold nothing: what it holds all the same. */
function search(size) {
  const found = [];
  const zero = (where, view) => {
    const text = latin1.decode(view);
    if (/[^\0]/.test(text)) found.push(`${where}: ${text.replaceAll("\0", "")}`);
  };
  zero("Uint8Array", new Uint8Array(size));
  zero("ArrayBuffer", new ArrayBuffer(size + 1));
  zero("Float64Array", new Float64Array(size >> 3));
  const grown = new ArrayBuffer(8, { maxByteLength: size });
  grown.resize(size);
  zero("resized", grown);
  grown.resize(4);
  grown.resize(size);
  zero("resized twice", grown);
  zero("transferred", new ArrayBuffer(16).transfer(size));
  zero("cloned", structuredClone(new Uint8Array(size)));
  const encoded = new Uint8Array(size);
  new TextEncoder().encodeInto("", encoded);
  zero("encodeInto", encoded);
  if (new Array(size >> 4).some(() => true)) found.push("array holes");
  const sparse = [];
  sparse.length = 100;
  sparse[99] = 0;
  if (sparse.findIndex(value => value !== undefined) !== 99) found.push("sparse array");
  for (const name of ["$1", "$_", "$&", "input", "lastMatch"]) if (RegExp[name]) found.push(`RegExp.${name}: ${RegExp[name]}`);
  if (module.kept.length) found.push(`module: ${module.kept}`);
  if (globalThis.kept !== undefined) found.push(`global: ${globalThis.kept}`);
  if (Symbol.keyFor(Symbol.for("kept")) !== "kept" || Symbol.for("kept").kept) found.push("symbol");
  if (size >= 500) for (const fail of [() => null.x, () => JSON.parse("{"), () => new URL("no"), () => decodeURIComponent("%"), () => atob("!")]) {
    try {
      fail();
    } catch (error) {
      found.push(...`${error.message} ${error.stack}`.match(/secret-\w+/g) ?? []);
    }
  }
  return found;
}

function deep(count, text) {
  const local = `${text}-${count}`;
  return count === 0 ? local.length : deep(count - 1, text) + local.length;
}

const pause = ms => new Promise(done => setTimeout(done, ms));

/** Where a secret is left. Each may answer, throw, or be stopped. */
const plants = {
  heap: secret => { module.kept = Array.from({ length: 100 }, (_, i) => secret + i); globalThis.kept = module.kept },
  large: secret => { globalThis.kept = secret.repeat(20000) },
  buffer: secret => { globalThis.kept = new TextEncoder().encode(secret.repeat(5000)) },
  freed: secret => { for (let i = 0; i < 30; i++) `${secret}${i}`.split("-").join(secret); new Uint8Array(50000).fill(115) },
  stack: secret => deep(200, secret),
  regexp: secret => { /secret-(\w+)/.exec(secret); secret.replace(/(\w)/g, "$1$1") },
  prototype: secret => { Object.prototype.kept = secret; RegExp.input = secret; Array.prototype[3] = secret; delete Array.prototype[3]; globalThis.kept = Symbol.for(secret) },
  log: secret => { console.log(secret); console.error({ secret }) },
  throw: secret => { throw new Error(`thrown ${secret}`, { cause: new Error(secret) }) },
  reject: async secret => { await null; throw new RangeError(secret) },
  parse: secret => JSON.parse(secret),
  timer: async secret => { const local = [secret, secret + 1]; setTimeout(() => { globalThis.kept = local }, 1); await pause(3); return local },
  parked: async secret => { const buffer = new TextEncoder().encode(secret.repeat(2000)); await pause(8); return buffer.length },
  late: (secret, context) => { context.waitUntil(pause(2).then(() => { globalThis.kept = secret.repeat(1000) })) },
  unsettled: secret => { new Promise(() => { globalThis.kept = secret }); Promise.reject(new Error(secret)).catch(() => {}) },
  get: async secret => { await state().get(secret); return await state().getMany([secret, secret + 1]) },
  put: async secret => { await state().put(secret, secret.repeat(20)); const kept = await state().get(secret); await state().delete(secret); return kept.length },
  // eslint-disable-next-line preserve-caught-error -- only the message is to leave
  refused: async secret => { try { await state("statestore", { space: secret }).get(secret) } catch (error) { throw new Error(error.message) } },
  publish: secret => pubsub().publish("nobody", { secret }),
  call: async secret => (await invoke("daplet").fetch(`/echo?${secret}`, { method: "POST", body: secret })).text(),
  memory: secret => { const all = []; for (;;) all.push((secret + all.length).repeat(500)) },
  cpu: secret => { for (let i = 0; ; i++) globalThis.kept = secret + i },
};

export default {
  async fetch(request, env, context) {
    const query = new URL(request.url).searchParams;
    const found = search(Number(query.get("size")));
    const secret = await request.text();
    if (request.headers.get("x-secret") !== secret) found.push("another request's header");
    await plants[query.get("plant")](secret, context);
    return Response.json({ found, secret }, { headers: { "x-secret": secret } });
  },
};
