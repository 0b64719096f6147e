export default { async fetch(request) {
const o = { o: null }; o.o = o; let d = {}; for (let i = 0; i < 10000; i++) d = { d }; console.log(o, d, new Proxy({}, {}), Symbol("x"), 1n); return "done"
} };
