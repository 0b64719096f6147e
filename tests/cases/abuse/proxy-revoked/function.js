export default { async fetch(request) {
const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy
} };
