export default { async fetch(request) {
Object.prototype.status = 999; Object.prototype.headers = { get() { throw 1 } }; Object.prototype.then = function () { throw 2 }; Array.prototype[Symbol.iterator] = null; Promise.prototype.then = null; Function.prototype.call = null; throw new Error("polluted")
} };
