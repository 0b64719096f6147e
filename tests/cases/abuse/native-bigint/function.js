export default { async fetch(request) {
let n = 2n; while (true) n = n * n
} };
