export default { async fetch(request) {
let r; const p = new Promise((resolve) => { r = resolve }); r(p); await p
} };
