export default {
  fetch() {
    return "a-b".replaceAll("-", () => {
      return undefinedHelper();
    });
  },
};
