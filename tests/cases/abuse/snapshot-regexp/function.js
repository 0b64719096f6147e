/^(a+)+$/.test("a".repeat(40) + "b");
export default () => 1;
