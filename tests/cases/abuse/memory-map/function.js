export default { async fetch(request) {
const m = new Map(); for (let i = 0; ; i++) m.set(i, { i })
} };
