export default {
  fetch() {
    const o = "text";
    return "a"
      in
      o;
  },
};
