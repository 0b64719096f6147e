// What a generated program runs in, in the sandbox and natively: `print` keeps a line, `tick` bounds loops, `call` bounds
// calls, `lim` bounds growth, `bits` is for numbers whose bytes are looked at. The value of this script is a function from a program to what it printed.
(async (source) => {
  const lines = [];
  let ticks = 0;
  let calls = 0;
  const tick = () => { if (++ticks > 3000) throw new Error("out of ticks") };
  const call = () => { if (++calls > 150) throw new Error("out of calls") };
  const lim = (v) => {
    if (typeof v === "string") return v.length > 500 ? v.slice(0, 500) : v;
    if (typeof v === "bigint") return BigInt.asIntN(300, v);
    if (Array.isArray(v) && v.length > 100) return v.slice(0, 100);
    return v;
  };
  // The bits of NaN are the machine's, where bytes show them.
  const bits = (v) => (v === v ? v : 0);
  // What the engine's own errors say differs: the sandbox's engine is patched to name what was called.
  const told = (e) => (e.name === "Error" ? `${e.name}: ${e.message}` : e.name);
  Error.prototype.toString = function () { return told(this) };
  const members = (v, deep) => {
    const out = [];
    for (const key of Reflect.ownKeys(v)) {
      if (out.length === 60) { out.push("…"); break }
      let shown;
      try { shown = show(v[key], deep - 1) } catch (e) { shown = `!${e?.name}` }
      out.push(`${typeof key === "symbol" ? key.toString() : key}:${shown}`);
    }
    return out.join();
  };
  const show = (v, deep = 3) => {
    switch (typeof v) {
      case "number": return Object.is(v, -0) ? "-0" : String(v);
      case "bigint": return `${v}n`;
      case "string": return JSON.stringify(v.length > 600 ? v.slice(0, 600) + v.length : v);
      case "symbol": return v.toString();
      case "function": return `function ${v.name}/${v.length}`;
      case "object": break;
      default: return String(v);
    }
    if (v === null) return "null";
    if (deep === 0) return "#";
    if (v instanceof Error) return told(v);
    if (v instanceof Date) return isNaN(v) ? "Date NaN" : `Date ${v.toISOString()}`;
    if (v instanceof RegExp) return `${v}@${v.lastIndex}`;
    if (v instanceof Map) return `Map{${[...v].slice(0, 60).map(([k, w]) => `${show(k, deep - 1)}=>${show(w, deep - 1)}`)}}`;
    if (v instanceof Set) return `Set{${[...v].slice(0, 60).map((w) => show(w, deep - 1))}}`;
    if (ArrayBuffer.isView(v)) return `${v.constructor.name}[${Array.from(v).slice(0, 60).map((w) => show(w, 1))}]`;
    return `${Array.isArray(v) ? `Array(${v.length})` : Object.prototype.toString.call(v)}{${members(v, deep)}}`;
  };
  const print = (...values) => {
    let line;
    try { line = values.map((v) => show(v)).join(" ") } catch (e) { line = `unprintable: ${e?.name}` }
    if (lines.length < 500) lines.push(line);
  };
  const AsyncFunction = (async () => {}).constructor;
  try {
    await new AsyncFunction("print", "tick", "call", "lim", "bits", source)(print, tick, call, lim, bits);
  } catch (e) {
    print("threw", e);
  }
  // Lone surrogates have no bytes in UTF-8.
  return lines.join("\n").toWellFormed();
})
