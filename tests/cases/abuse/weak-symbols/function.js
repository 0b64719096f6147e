export default { async fetch(request) {
const m = new WeakMap(); for (let i = 0; i < 50000; i++) m.set(Symbol(i), i); return "done"
} };
