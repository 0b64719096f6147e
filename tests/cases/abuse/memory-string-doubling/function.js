export default { async fetch(request) {
let a = "x"; while (true) a += a;
} };
