// Spheres over a plane with shadows and reflections, all vectors as objects, in the manner of RayTrace.
class Vector {
  constructor(x, y, z) { this.x = x; this.y = y; this.z = z }
  plus(v) { return new Vector(this.x + v.x, this.y + v.y, this.z + v.z) }
  minus(v) { return new Vector(this.x - v.x, this.y - v.y, this.z - v.z) }
  times(k) { return new Vector(this.x * k, this.y * k, this.z * k) }
  dot(v) { return this.x * v.x + this.y * v.y + this.z * v.z }
  unit() { return this.times(1 / Math.sqrt(this.dot(this))) }
}
class Sphere {
  constructor(center, radius, color, shine) { Object.assign(this, { center, radius, color, shine }) }
  hit(from, direction) {
    const offset = from.minus(this.center);
    const b = offset.dot(direction), c = offset.dot(offset) - this.radius * this.radius;
    const d = b * b - c;
    if (d < 0) return Infinity;
    const t = -b - Math.sqrt(d);
    return t > 1e-4 ? t : Infinity;
  }
  normal(point) { return point.minus(this.center).unit() }
}
class Plane {
  constructor(y, color, shine) { Object.assign(this, { y, color, shine }) }
  hit(from, direction) {
    const t = (this.y - from.y) / direction.y;
    return t > 1e-4 ? t : Infinity;
  }
  normal() { return new Vector(0, 1, 0) }
}
const scene = [
  new Plane(-1, 0.4, 0.2),
  new Sphere(new Vector(0, 0, 5), 1, 0.9, 0.3),
  new Sphere(new Vector(1.5, 0.5, 4), 0.7, 0.6, 0.5),
  new Sphere(new Vector(-1.5, -0.3, 4.5), 0.8, 0.7, 0.1),
];
const light = new Vector(-5, 8, -3);
function nearest(from, direction) {
  let best = null, distance = Infinity;
  for (const shape of scene) {
    const t = shape.hit(from, direction);
    if (t < distance) { distance = t; best = shape }
  }
  return best === null ? null : { shape: best, distance };
}
function trace(from, direction, depth) {
  const found = nearest(from, direction);
  if (found === null) return 0.1;
  const { shape, distance } = found;
  const point = from.plus(direction.times(distance)), normal = shape.normal(point);
  const toLight = light.minus(point).unit();
  let brightness = 0.1;
  if (nearest(point, toLight) === null) brightness += Math.max(0, normal.dot(toLight)) * shape.color;
  if (depth > 0 && shape.shine > 0) {
    const mirrored = direction.minus(normal.times(2 * direction.dot(normal)));
    brightness += shape.shine * trace(point, mirrored.unit(), depth - 1);
  }
  return brightness;
}
function run() {
  const size = 24, eye = new Vector(0, 0, -2);
  let sum = 0;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      sum += trace(eye, new Vector((x - size / 2) / size, (size / 2 - y) / size, 1).unit(), 2);
    }
  }
  return sum.toFixed(6);
}
