class A { constructor() { throw new Error("base"); } }
class B extends A { }
export default { fetch() {
  new
    B
    (
    );
} };
