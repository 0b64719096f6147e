Object.defineProperty(Array.prototype, 0, { set() { throw new Error("the setter") } });
throw new RangeError("oops");
