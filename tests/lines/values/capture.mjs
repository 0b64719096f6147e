// Error.captureStackTrace leaves out the frames above a function, and that one.
const lines = (o) => o.stack.split("\n").slice(1).map((l) => +l.match(/:(\d+):\d+\)?$/)?.[1]).filter((n) => n > 0 && n < 60);
function helper(above) {
  const o = {};
  Error.captureStackTrace(o, above);
  return o;
}
function middle(above) {
  return helper(above);
}
function OldStyle(message) {
  Error.captureStackTrace(this, OldStyle);
  this.message = message;
  this.name = "OldStyle";
}
OldStyle.prototype = Object.create(Error.prototype);
OldStyle.prototype.constructor = OldStyle;
export default {
  fetch() {
    const old = new OldStyle("late message");
    const again = new Error("again");
    Error.captureStackTrace(again, middle);
    return [
      lines(helper()).length > 0,
      lines(helper(undefined))[0],
      lines(middle(helper))[0],
      lines(middle(middle))[0],
      helper(function never() {}).stack,
      old.stack.split("\n")[0],
      lines(old)[0],
      again.stack,
      old instanceof Error,
    ];
  },
};
