class A { accessor x: number = 1 }
export default { fetch() { return { x: new A().x } } };
