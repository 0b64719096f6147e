export default { async fetch(request) {
Promise.prototype.then = () => { throw new Error("no") }; return "done"
} };
