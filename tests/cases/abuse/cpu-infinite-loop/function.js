export default { async fetch(request) {
while (true) {}
} };
