export default { async fetch(request) {
return String((2n ** 1000000n) ** 1000n).length
} };
