export default { async fetch(request) {
JSON.stringify = () => "broken"; JSON.parse = () => { throw 1 }; return { a: 1 }
} };
