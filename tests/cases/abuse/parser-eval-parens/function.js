export default { async fetch(request) {
return String(eval("(".repeat(100000) + "1" + ")".repeat(100000)))
} };
