async function* rows() {
  yield 1;
  yield await Promise.reject(new Error("row"));
}
export default {
  async fetch() {
    for await (const r of rows()) {
      r;
    }
  },
};
