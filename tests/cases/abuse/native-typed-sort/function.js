export default { async fetch(request) {
const a = new Float64Array(200000).map(() => Math.random()); for (;;) a.sort(() => Math.random() - 0.5)
} };
