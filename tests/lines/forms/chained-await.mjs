const api = {
  get() { return this; },
  async json() { await null; throw new SyntaxError("bad json"); },
};
export default {
  async fetch() {
    const data = await api
      .get("x")
      .json();
    return data;
  },
};
