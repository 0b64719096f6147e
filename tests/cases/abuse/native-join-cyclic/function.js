export default { async fetch(request) {
const a = []; for (let i = 0; i < 10000; i++) a.push(a); let s = ""; while (true) s = a.join("x".repeat(1000))
} };
