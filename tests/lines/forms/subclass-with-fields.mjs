class NotFound extends Error {
  status = 404;
  #secret = 1;
}
export default {
  fetch() {
    const text = "no such order";
    throw new NotFound(text);
  },
};
