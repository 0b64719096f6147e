export default { async fetch(request) {
Error.prepareStackTrace = () => { for (;;); }; Error.stackTraceLimit = -1; throw new Error("x")
} };
