export default { async fetch(request) {
class A { constructor() { this.a = new A() } } return new A()
} };
