export default { async fetch(request) {
outer: for (;;) { for (let i = 0; ; i++) { if (i > 100) continue outer } }
} };
