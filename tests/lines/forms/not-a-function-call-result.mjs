const f = () => 1;
export default {
  fetch() {
    return f(
    )(
      2,
    );
  },
};
