class Money {
  static parse(text) {
    return Money.of(Number(text));
  }
  static of(n) {
    if (Number.isNaN(n)) throw new RangeError("not a number");
    return new Money();
  }
}
export default {
  fetch() {
    return Money
      .parse("x");
  },
};
