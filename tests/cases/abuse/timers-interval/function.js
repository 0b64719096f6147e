export default { async fetch(request) {
let n = 0; await new Promise(() => { setInterval(() => { n++ }, 1) })
} };
