Object.freeze(globalThis); Object.freeze(Object.prototype);
export default () => new Response("done");
