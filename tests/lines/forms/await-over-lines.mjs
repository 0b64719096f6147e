const api = {
  async get() {
    await 1;
    throw new Error("get");
  },
};
export default {
  async fetch() {
    const x =
      await api
        .get(
          1,
        );
    return x;
  },
};
