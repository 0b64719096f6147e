export default { async fetch(request) {
const o = {}; for (let i = 0; ; i++) o[Symbol(i)] = i
} };
