export default { async fetch(request) {
const a = "‮⁦// done ⁩"; return String(a.length > 0)
} };
