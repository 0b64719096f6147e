export default { fetch() { return new Uint8Array(7 << 20); } };
