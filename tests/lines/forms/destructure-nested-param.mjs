function handler({ body: { user: { id } } }) {
  return id;
}
export default {
  fetch() {
    return handler({
      body: {},
    });
  },
};
