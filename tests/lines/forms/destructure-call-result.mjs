const load = () => undefined;
export default {
  fetch() {
    const { body } = load(
      1,
    );
    return body;
  },
};
