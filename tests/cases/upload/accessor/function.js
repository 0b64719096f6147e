class A {
  accessor x = 1;
  static accessor #y = 3;
  fail() {
    throw new Error(`here ${A.#y}`);
  }
}
export default {
  fetch(request) {
    const a = new A();
    a.x++;
    if (request.url.includes("throw")) a.fail();
    return { x: a.x, own: Object.keys(Object.getOwnPropertyDescriptors(A.prototype)).filter((k) => k === "x") };
  },
};
