export default {
  fetch() {
    const handlers = { a: 1 };
    const kind = "a";
    return handlers[kind](
      1,
    );
  },
};
