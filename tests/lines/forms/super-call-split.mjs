class A { constructor() { throw new Error("base"); } }
class B extends A { constructor() {
  const x = 1;
  super
  (
    1
  );
 } }
export default { fetch() {
  new
    B
    (
    );
} };
