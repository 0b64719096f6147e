export default { async fetch(request) {
const f = () => Reflect.apply(f, null, []); return f()
} };
