export default { async fetch(request) {
class P extends Promise { then() { return this } } return new P(() => {})
} };
