export default { async fetch(request) {
globalThis.Response = class { constructor() { throw 1 } }; return "done"
} };
