export default {
  fetch() {
    let a;
    for ({ a } of [{}, null]) {
      a;
    }
  },
};
