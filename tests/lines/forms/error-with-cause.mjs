function inner() {
  throw new Error("inner");
}
export default {
  fetch() {
    try {
      inner();
    } catch (cause) {
      throw new Error("outer", {
        cause,
      });
    }
  },
};
