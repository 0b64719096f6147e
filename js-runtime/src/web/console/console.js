// console (Console Standard), to the host's structured log: one line an entry, with the level.
({ log, now }, internals) => {
  const { webidl } = internals;
  const DEBUG = 0, INFO = 1, WARN = 2, ERROR = 3;
  const MAX_DEPTH = 4, MAX_ITEMS = 100, MAX_TEXT = 10_000;
  const safe = (read, otherwise) => { try { return read() } catch { return otherwise } };
  const quote = (text) => JSON.stringify(text);
  const key = (name) => (typeof name === "symbol" ? `[${String(name)}]` : /^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name));

  // A readable text for any value; never runs getters, never throws.
  const inspect = (value, depth = 0, seen = []) => {
    switch (typeof value) {
      case "string": return depth === 0 ? value : quote(value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)}…` : value);
      case "bigint": return `${value}n`;
      case "symbol": return value.toString();
      case "function": return `[${/^class\b/.test(safe(() => Function.prototype.toString.call(value), "")) ? "class" : "Function"}${value.name ? `: ${value.name}` : ""}]`;
      case "object": return value === null ? "null" : safe(() => inspectObject(value, depth, seen), "[object]");
      default: return Object.is(value, -0) ? "-0" : `${value}`;
    }
  };
  const inspectObject = (value, depth, seen) => {
    if (seen.includes(value)) return "[Circular]";
    if (value instanceof Error || webidl.isDOMException(value)) {
      const head = safe(() => `${value.name}: ${value.message}`, "Error");
      const stack = safe(() => value.stack, undefined);
      const cause = safe(() => (value.cause === undefined ? "" : `\n  cause: ${inspect(value.cause, depth + 1, [...seen, value])}`), "");
      // A stack begins with the name and message that the error had when it was first read.
      return `${typeof stack === "string" && stack !== "" ? stack : head}${cause}`;
    }
    const name = safe(() => Object.getPrototypeOf(value)?.constructor?.name, "");
    const prefix = name && name !== "Object" && name !== "Array" ? `${name} ` : "";
    if (depth >= MAX_DEPTH) return Array.isArray(value) ? "[Array]" : `[${name || "Object"}]`;
    const inner = [...seen, value];
    const show = (item) => inspect(item, depth + 1, inner);
    const limited = (items, render) => {
      const shown = items.slice(0, MAX_ITEMS).map(render);
      if (items.length > MAX_ITEMS) shown.push(`… ${items.length - MAX_ITEMS} more`);
      return shown;
    };
    if (Array.isArray(value)) return `[${limited(value, show).join(", ")}]`;
    if (value instanceof Date) return safe(() => value.toISOString(), "Invalid Date");
    if (value instanceof RegExp) return String(value);
    if (value instanceof Map) return `Map(${value.size}) {${limited([...value], ([k, v]) => `${show(k)} => ${show(v)}`).join(", ")}}`;
    if (value instanceof Set) return `Set(${value.size}) {${limited([...value], show).join(", ")}}`;
    if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return `${name}(${value.length}) [${limited([...value.subarray(0, MAX_ITEMS + 1)], show).join(", ")}]`;
    if (value instanceof ArrayBuffer) return `ArrayBuffer(${value.byteLength})`;
    if (value instanceof Promise) return "Promise {}";
    if (internals.isHeaders(value)) return `Headers {${limited([...value], ([k, v]) => `${k}: ${quote(v)}`).join(", ")}}`;
    if (value instanceof URL) return `URL ${quote(value.href)}`;
    if (value instanceof Request) return `Request {method: ${quote(value.method)}, url: ${quote(value.url)}}`;
    if (value instanceof Response) return `Response {status: ${value.status}}`;
    const keys = Reflect.ownKeys(value).filter((k) => Object.getOwnPropertyDescriptor(value, k)?.enumerable);
    const entries = limited(keys, (k) => {
      const descriptor = Object.getOwnPropertyDescriptor(value, k);
      return `${key(k)}: ${"value" in descriptor ? show(descriptor.value) : "[Getter]"}`;
    });
    return `${prefix}{${entries.join(", ")}}`;
  };
  internals.inspect = (value) => inspect(value);

  // %s %d %i %f %o %O %c as the Console Standard's formatter.
  const format = (args) => {
    if (args.length === 0) return "";
    let rest = args;
    let text = "";
    if (typeof args[0] === "string") {
      rest = args.slice(1);
      text = args[0].replace(/%([sdifoOc%])/g, (match, kind) => {
        if (kind === "%") return rest.length > 0 || args.length > 1 ? "%" : match;
        if (rest.length === 0) return match;
        const value = rest.shift();
        if (kind === "s") return typeof value === "object" && value !== null ? inspect(value, 1) : typeof value === "symbol" ? value.toString() : `${value}`;
        if (kind === "c") return "";
        if (kind === "d" || kind === "i") return typeof value === "symbol" ? "NaN" : `${typeof value === "bigint" ? value : parseInt(value, 10)}`;
        if (kind === "f") return typeof value === "symbol" ? "NaN" : `${parseFloat(value)}`;
        return inspect(value, 1);
      });
      if (rest.length === 0) return text;
      text += " ";
    }
    return text + rest.map((value) => inspect(value)).join(" ");
  };

  const counts = new Map(), timers = new Map();
  let indent = "";
  const print = (level, text) => log(level, indent === "" ? text : indent + text.replaceAll("\n", `\n${indent}`));
  const label = (value) => `${value}`;
  const duration = (name) => `${name}: ${(now() - timers.get(name)).toFixed(3)} ms`;

  const methods = {
    assert(condition = false, ...data) {
      if (condition) return;
      if (data.length === 0) return print(ERROR, "Assertion failed");
      if (typeof data[0] === "string") data[0] = `Assertion failed: ${data[0]}`;
      else data.unshift("Assertion failed");
      print(ERROR, format(data));
    },
    clear() { indent = "" },
    debug(...data) { print(DEBUG, format(data)) },
    error(...data) { print(ERROR, format(data)) },
    info(...data) { print(INFO, format(data)) },
    log(...data) { print(INFO, format(data)) },
    table(data = undefined, properties = undefined) {
      if (typeof data !== "object" || data === null) return print(INFO, format([data]));
      const rows = Object.entries(data);
      const isRow = (row) => typeof row === "object" && row !== null;
      const columns = properties ? [...properties].map(String) : [...new Set(rows.flatMap(([, row]) => (isRow(row) ? Object.keys(row) : [])))];
      const values = rows.some(([, row]) => !isRow(row));
      const table = [["(index)", ...columns, ...(values ? ["Values"] : [])]];
      for (const [index, row] of rows) {
        table.push([index, ...columns.map((c) => (isRow(row) && c in row ? inspect(row[c], 1) : "")), ...(values ? [isRow(row) ? "" : inspect(row, 1)] : [])]);
      }
      const widths = table[0].map((_, i) => Math.max(...table.map((row) => row[i].length)));
      print(INFO, table.map((row) => row.map((cell, i) => cell.padEnd(widths[i])).join(" | ").trimEnd()).join("\n"));
    },
    trace(...data) { print(DEBUG, `Trace: ${format(data)}\n${safe(() => new Error().stack.slice("Error\n".length), "")}`) },
    warn(...data) { print(WARN, format(data)) },
    dir(item = undefined, options = undefined) { print(INFO, inspect(item, 1)) },
    dirxml(...data) { print(INFO, format(data)) },
    count(name = "default") {
      name = label(name);
      counts.set(name, (counts.get(name) ?? 0) + 1);
      print(INFO, `${name}: ${counts.get(name)}`);
    },
    countReset(name = "default") {
      name = label(name);
      if (counts.has(name)) counts.set(name, 0);
      else print(WARN, `Count for "${name}" does not exist`);
    },
    group(...data) {
      if (data.length > 0) print(INFO, format(data));
      indent += "  ";
    },
    groupCollapsed(...data) {
      if (data.length > 0) print(INFO, format(data));
      indent += "  ";
    },
    groupEnd() { indent = indent.slice(2) },
    time(name = "default") {
      name = label(name);
      if (timers.has(name)) print(WARN, `Timer "${name}" already exists`);
      else timers.set(name, now());
    },
    timeLog(name = "default", ...data) {
      name = label(name);
      if (!timers.has(name)) return print(WARN, `Timer "${name}" does not exist`);
      print(INFO, [duration(name), ...(data.length > 0 ? [format(data)] : [])].join(" "));
    },
    timeEnd(name = "default") {
      name = label(name);
      if (!timers.has(name)) return print(WARN, `Timer "${name}" does not exist`);
      print(INFO, duration(name));
      timers.delete(name);
    },
  };
  const console = Object.create({});
  for (const name of Object.keys(methods)) {
    Object.defineProperty(console, name, { value: methods[name], writable: true, enumerable: true, configurable: true });
  }
  Object.defineProperty(console, Symbol.toStringTag, { value: "console", configurable: true });
  Object.defineProperty(globalThis, "console", { value: console, writable: true, enumerable: false, configurable: true });
}
