export default { async fetch(request) {
const o = {}; for (let i = 0; ; i++) { o["k" + (i % 1000)] = i; delete o["k" + ((i + 500) % 1000)] }
} };
