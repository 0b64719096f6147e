// The first line of a stack is what the error is called when the stack is first read.
const first = (e) => e.stack.split("\n")[0];
export default {
  fetch() {
    const late = new Error("a");
    late.message = "b";
    late.name = "N";
    class Named extends Error {
      constructor(message) {
        super(message);
        this.name = "Named";
      }
    }
    class Plain extends Error {}
    class Getter extends Error {
      get name() {
        return "Got";
      }
    }
    const kept = new Error("kept");
    const before = first(kept);
    kept.message = "changed";
    const captured = {};
    Error.captureStackTrace(captured);
    captured.name = "Captured";
    const shaped = { name: "Shaped", message: "m" };
    Error.captureStackTrace(shaped);
    return [
      first(late),
      first(new Named("x")),
      first(new Plain("x")),
      first(new Getter("x")),
      before,
      first(kept),
      first(captured),
      first(shaped),
      first(new Error()),
      first(new TypeError("t", { cause: 1 })),
      first(new AggregateError([], "many")),
    ];
  },
};
