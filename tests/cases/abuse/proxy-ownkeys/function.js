export default { async fetch(request) {
const p = new Proxy({}, { ownKeys: () => { const a = []; for (let i = 0; i < 1e9; i++) a.push("k" + i); return a } }); return String(Object.keys(p).length)
} };
