const get = (o) =>
  o
    .a
    .b;
export default {
  fetch() {
    return get({});
  },
};
