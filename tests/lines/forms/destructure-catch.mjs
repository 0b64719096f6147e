export default {
  fetch() {
    try {
      throw null;
    } catch ({ message }) {
      return message;
    }
  },
};
