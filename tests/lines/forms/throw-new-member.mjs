const errors = { Bad: class Bad extends Error {} };
export default {
  fetch() {
    throw new errors
      .Bad("x");
  },
};
