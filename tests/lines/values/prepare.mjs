// Error.prepareStackTrace gets call sites, and is asked when the stack is first read.
const describe = (site) => [
  site.getFunctionName(),
  site.getTypeName(),
  site.getMethodName(),
  site.getLineNumber(),
  site.getColumnNumber(),
  site.isAsync(),
  site.isNative(),
  site.isConstructor(),
  site.isEval(),
  site.isToplevel(),
  site.isPromiseAll(),
  site.getPromiseIndex(),
  String(site.getThis()),
  String(site.getFunction()),
  String(site.getEvalOrigin()),
  /form|prepare/.test(site.getFileName() ?? "form"),
];
class Shop {
  make() {
    return new Error("made");
  }
}
function Legacy() {
  this.error = new Error("legacy");
}
const own = (error, sites) => sites.slice(0, 1).map(describe);
export default {
  fetch() {
    const early = new Error("early");
    const read = new Error("read");
    const text = typeof read.stack;
    Error.prepareStackTrace = own;
    const seen = [text, typeof read.stack, early.stack, new Shop().make().stack, new Legacy().error.stack];
    seen.push([1].map(() => new Error("x"))[0].stack);
    Error.prepareStackTrace = (error) => `${error.message}!`;
    seen.push(new Error("text").stack);
    const target = {};
    Error.captureStackTrace(target);
    seen.push(target.stack);
    Error.prepareStackTrace = () => {
      throw new RangeError("prepare");
    };
    try {
      seen.push(new Error("thrown").stack);
    } catch (e) {
      seen.push(e.name);
    }
    Error.prepareStackTrace = undefined;
    return seen;
  },
};
