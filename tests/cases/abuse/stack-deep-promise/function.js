export default { async fetch(request) {
let p = Promise.resolve("done"); for (let i = 0; i < 20000; i++) p = p.then((x) => x); return await p
} };
