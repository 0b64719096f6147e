// Functions that make functions: counters, composition, currying, memoising, generators, array callbacks.
const compose = (...steps) => (value) => steps.reduce((result, step) => step(result), value);
const counter = () => { let n = 0; return { next: () => ++n, peek: () => n } };
const memoise = (f) => { const known = {}; return (n) => (known[n] ??= f(n)) };
function* numbers(limit) { for (let i = 0; i < limit; i++) yield i }
function run() {
  const add = (a) => (b) => a + b;
  const pipeline = compose(add(1), add(2), (x) => x * 2, (x) => x - 1);
  const count = counter();
  let sum = 0;
  for (let i = 0; i < 1200; i++) { sum += pipeline(i); count.next() }
  const fib = memoise((n) => (n < 2 ? n : fib(n - 1) + fib(n - 2)));
  sum += fib(60) % 1000;
  for (const n of numbers(1500)) sum += n & 7;
  const squares = Array.from({ length: 800 }, (_, i) => i).map((x) => x * x).filter((x) => x % 3 === 0);
  const { a, ...rest } = squares.reduce((groups, x) => { (groups["abc"[x % 3]] ??= []).push(x); return groups }, {});
  return sum + count.peek() + a.length + Object.keys(rest).length;
}
