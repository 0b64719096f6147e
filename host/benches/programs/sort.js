// Sorting with and without comparators, by several keys, and searching what was sorted.
function run() {
  let seed = 12345;
  const random = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff);
  const numbers = Array.from({ length: 1200 }, () => random() % 10000);
  const records = numbers.slice(0, 500).map((n, i) => ({ key: n % 50, name: `n${n}`, i }));
  numbers.sort((a, b) => a - b);
  records.sort((a, b) => a.key - b.key || (a.name < b.name ? -1 : a.name > b.name ? 1 : a.i - b.i));
  const words = records.map((record) => record.name).sort();
  const doubles = Float64Array.from(numbers.toReversed()).sort();
  let sum = 0;
  for (let probe = 0; probe < 500; probe++) {
    let low = 0, high = numbers.length;
    while (low < high) { const middle = (low + high) >> 1; if (numbers[middle] < probe * 20) low = middle + 1; else high = middle }
    sum += low;
  }
  return sum + records[250].i + words[100].length + doubles[7];
}
