class NotFound extends Error {}
export default {
  fetch() {
    throw new NotFound("no such order");
  },
};
