export default {
  fetch() {
    throw Object.assign(
      new Error("with code"),
      {
        code: 5,
      },
    );
  },
};
