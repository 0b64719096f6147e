class Wrapped extends Error {
  constructor(message, cause) {
    super(message, { cause });
  }
}
export default {
  fetch() {
    try {
      JSON.parse("{");
    } catch (e) {
      throw new Wrapped("bad json", e);
    }
  },
};
