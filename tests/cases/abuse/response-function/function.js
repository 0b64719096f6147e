export default { async fetch(request) {
return () => 1
} };
