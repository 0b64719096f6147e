// Inheritance, private fields, accessors, statics, polymorphic calls.
class Shape {
  static made = 0;
  #scale = 1;
  constructor() { Shape.made++ }
  get scale() { return this.#scale }
  set scale(value) { this.#scale = value }
  area() { return 0 }
  describe() { return this.area() * this.scale }
}
class Circle extends Shape {
  constructor(r) { super(); this.r = r }
  area() { return 3 * this.r * this.r }
}
class Box extends Shape {
  constructor(w, h) { super(); this.w = w; this.h = h }
  area() { return this.w * this.h }
}
class Cube extends Box {
  constructor(w) { super(w, w) }
  area() { return 6 * super.area() }
}
function run() {
  let sum = 0;
  Shape.made = 0;
  for (let i = 0; i < 900; i++) {
    const shapes = [new Circle(i), new Box(i, 2), new Cube(i)];
    for (const shape of shapes) {
      shape.scale = i & 3;
      sum += shape.describe();
      if (shape instanceof Box) sum++;
    }
  }
  return sum + Shape.made;
}
