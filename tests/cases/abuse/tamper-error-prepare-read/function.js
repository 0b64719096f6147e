export default { async fetch(request) {
Error.prepareStackTrace = () => { for (;;); }; return new Error("x").stack
} };
