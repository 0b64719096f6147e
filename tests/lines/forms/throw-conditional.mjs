export default {
  fetch() {
    const ok = false;
    throw ok
      ? new Error("a")
      : new Error("b");
  },
};
