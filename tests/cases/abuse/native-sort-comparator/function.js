export default { async fetch(request) {
[3, 2, 1].sort(() => { while (true) {} })
} };
