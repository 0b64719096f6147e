// Patterns as services use them: log lines, addresses, templates, separators.
const lines = Array.from({ length: 60 }, (_, i) =>
  `2024-0${1 + (i % 9)}-1${i % 10}T1${i % 10}:05:0${i % 6}.${100 + i}Z INFO [worker-${i % 4}] GET /orders/${i * 7}?page=${i % 3}&q=a%20b took ${i * 3}ms user=u${i}@example.com`);
const LINE = /^(\d{4})-(\d\d)-(\d\d)T([\d:.]+)Z (\w+) \[([^\]]+)\] (GET|POST) (\S+) took (\d+)ms user=(.*)$/;
const MAIL = /([a-z0-9._]+)@([a-z0-9-]+(?:\.[a-z]{2,})+)/gi;
function run() {
  let sum = 0;
  for (const line of lines) {
    const found = LINE.exec(line);
    sum += Number(found[9]) + found[8].length;
    sum += line.replace(MAIL, (_, user, host) => `${host}:${user}`).length;
    sum += line.split(/[\s,&?=]+/).length;
    for (const word of line.matchAll(/(?<key>\w+)=(?<value>[^&\s]+)/g)) sum += word.groups.value.length;
    if (/\bu(\d+)@/u.test(line)) sum++;
  }
  return sum;
}
