throw new Proxy({}, { get() { throw 1 } });
