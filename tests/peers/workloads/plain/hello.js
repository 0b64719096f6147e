globalThis.handle = () => "hello";
