export default { async fetch(request) {
const a = Array.from({ length: 20000 }, (_, i) => ({ i })); for (;;) structuredClone(a)
} };
