export default { async fetch(request) {
let C = class {}; for (let i = 0; i < 5000; i++) C = class extends C {}; new C(); return "done"
} };
