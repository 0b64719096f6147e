export default { async fetch(request) {
const o = {}; for (let i = 0; ; i++) Object.defineProperty(o, "k" + i, { get: () => i })
} };
