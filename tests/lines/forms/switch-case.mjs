function fail() { throw new Error("o"); }
export default {
  fetch() {
    switch (3) {
      case 1:
        return 1;
      case fail():
        return 2;
    }
  },
};
