export default { async fetch(request) {
let s = ""; for (let i = 0; i < 1000; i++) s += (1e21 / (i + 1)).toPrecision(100).length + Number.MIN_VALUE.toString(2).length; return "done"
} };
