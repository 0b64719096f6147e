// Whole numbers beyond doubles: factorial, powers by a modulus, digits.
function power(base, exponent, modulus) {
  let result = 1n;
  for (base %= modulus; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % modulus;
    base = (base * base) % modulus;
  }
  return result;
}
function run() {
  let factorial = 1n;
  for (let i = 1n; i <= 160n; i++) factorial *= i;
  let sum = factorial.toString().length;
  const prime = (1n << 127n) - 1n;
  for (let i = 2n; i < 5n; i++) sum += Number(power(i, prime - 2n, prime) % 1000n);
  let [a, b] = [0n, 1n];
  for (let i = 0; i < 900; i++) [a, b] = [b, a + b];
  return sum + Number(a % 1000003n);
}
