export default { async fetch(request) {
let r; const p = new Promise((resolve) => { r = resolve }); for (let i = 0; i < 1000; i++) r(i); return String(await p)
} };
