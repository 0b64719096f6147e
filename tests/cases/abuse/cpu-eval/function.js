export default { async fetch(request) {
for (let i = 0; ; i++) eval("1 + " + i)
} };
