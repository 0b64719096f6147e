export default { async fetch(request) {
console.log({ get x() { throw new Error("no") } }, { toString() { throw 1 } }); return "done"
} };
