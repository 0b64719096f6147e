// Collections keyed by strings, numbers and objects.
function run() {
  const counts = new Map(), seen = new Set(), byObject = new Map();
  for (let i = 0; i < 3000; i++) {
    const key = `k${i % 257}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    seen.add((i * 7919) % 1009);
  }
  const objects = Array.from({ length: 200 }, (_, i) => ({ i }));
  for (const object of objects) byObject.set(object, object.i);
  let sum = 0;
  for (let round = 0; round < 5; round++) for (const object of objects) sum += byObject.get(object);
  for (const [key, count] of counts) sum += key.length * count;
  for (const value of seen) if (seen.has(value + 1)) sum++;
  for (let i = 0; i < 1009; i += 2) seen.delete(i);
  return sum + seen.size;
}
