async function* g() {
  const x = yield 1;
  x.y.z;
}
export default {
  async fetch() {
    const it = g();
    await it.next();
    await it.next({});
  },
};
