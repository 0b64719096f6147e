// Error.stackTraceLimit is a property like any other.
const count = (e) => (e.stack === undefined ? null : e.stack.split("\n").length - 1);
const deep = (n) => (n === 0 ? new Error("deep") : deep(n - 1));
export default {
  fetch() {
    const seen = [Error.stackTraceLimit, count(deep(30))];
    for (const limit of [1, 0, 25, "x", 2.9, -1]) {
      Error.stackTraceLimit = limit;
      seen.push(count(deep(30)));
    }
    delete Error.stackTraceLimit;
    seen.push("stackTraceLimit" in Error, count(deep(30)));
    Error.stackTraceLimit = 10;
    seen.push(count(deep(30)));
    return seen;
  },
};
