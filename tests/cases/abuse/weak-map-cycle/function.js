export default { async fetch(request) {
const m = new WeakMap(); for (let i = 0; i < 200000; i++) { const k = {}; m.set(k, { k }) } return "done"
} };
