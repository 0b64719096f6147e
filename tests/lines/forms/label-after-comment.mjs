export default {
  fetch() {
    const o = {};

    /* a comment
       over lines */
    o.run(); // here

  },
};
