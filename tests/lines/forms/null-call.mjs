export default {
  fetch() {
    const callback = null;
    callback(
      1,
    );
  },
};
