export default { async fetch(request) {
let o = {}; for (let i = 0; i < 200; i++) o = { o }; for (;;) JSON.stringify(o, null, 10)
} };
