export default { async fetch(request) {
do {} while (true)
} };
