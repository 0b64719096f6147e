export default { async fetch(request) {
const a = []; for (let i = 0; ; i++) { const o = {}; o["p" + i] = 1; o["q" + i] = 2; a.push(o) }
} };
