export default {
  fetch() {
    const e =
      new Error("late");
    if (e) {
      throw e;
    }
  },
};
