export default { async fetch(request) {
const 变量 = 1, ñ = 2, \u{61}b = 3; return String(变量 + ñ + ab)
} };
