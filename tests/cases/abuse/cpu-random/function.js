export default { async fetch(request) {
let x = 0; for (;;) x += Math.random()
} };
