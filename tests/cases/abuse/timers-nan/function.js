export default { async fetch(request) {
await new Promise((resolve) => setTimeout(resolve, NaN)); await new Promise((resolve) => setTimeout(resolve, "abc")); return "done"
} };
